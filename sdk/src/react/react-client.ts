import type { Json } from '@backside/tree';
import type { Connection, Status } from '../link/connection.js';
import type { QueryFields } from '../reference/query.js';
import type { SnapshotState } from '../sync/view.js';

/** What a hook needs of a snapshot. */
export interface ReactSnapshot {
  readonly key: string | null;
  readonly state: SnapshotState;
  forEach(action: (child: ReactSnapshot) => unknown): boolean;
}

/** As `ListenOptions`. */
export interface ReactListen {
  readonly query?: QueryFields;
  readonly refused: (error: Error) => void;
  readonly states: boolean;
}

/** What the hooks need of a client: what `connect()` returns has it, with or without a schema. */
export interface ReactClient {
  readonly status: Status;
  onStatus(listener: (status: Status) => void): () => void;
  on(path: string, listener: (value: Json, snapshot: ReactSnapshot) => void, options: ReactListen): () => void;
  readonly connection: Pick<Connection, 'status' | 'onStatus' | 'onUser' | 'serverTimeOffset' | 'listen' | 'write'>;
}
