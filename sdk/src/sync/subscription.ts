import { type Node, nodeFromJson, type Path, UNLIMITED } from '@backside/tree';
import { abortable } from '../link/abortable.js';
import type { Connection, ServerEvent } from '../link/connection.js';
import type { Environment } from '../link/environment.js';
import type { RefusedError } from '../link/refused-error.js';
import type { StoredListen, SyncStore } from '../offline/sync-store.js';
import type { ServerListen } from './server-listen.js';

/** What subscriptions are made with. */
export interface SubscriptionContext {
  readonly connection: Connection;
  readonly environment: Pick<Environment, 'report'>;
  /** Null keeps nothing. */
  readonly store: SyncStore | null;
  /** The listen knows something without an event. */
  readonly changed: (listen: ServerListen) => void;
  readonly received: (listen: ServerListen, event: ServerEvent) => void;
  readonly lost: (listen: ServerListen, error: RefusedError) => void;
}

/** Subscribes a listen, which goes on from what it has. Sets how it is stopped. */
export function subscribe(listen: ServerListen, context: SubscriptionContext): void {
  const { connection, store } = context;
  const release = store?.hold(listen.target);
  const end = connection.listen(listen.target, {
    event: (event) => context.received(listen, event),
    refused: (error) => context.lost(listen, error),
    resumePoint: () => listen.resumePoint(),
  });
  listen.stop = () => {
    end();
    release?.();
  };
}

/** As `subscribe`, once the listen has what is stored of it. */
export function loadAndSubscribe(
  listen: ServerListen,
  store: Pick<SyncStore, 'loadListen'>,
  context: SubscriptionContext,
): void {
  let stopped = false;
  listen.stop = () => {
    stopped = true;
  };
  const begin = (stored: StoredListen | null): void => {
    if (stopped) return;
    if (stored !== null) {
      const node = nodeFromJson(stored.node, { limits: UNLIMITED });
      listen.adopt({ node, resume: stored.resume, knowledge: 'cached' });
      context.changed(listen);
    }
    subscribe(listen, context);
  };
  store.loadListen(listen.target).then(begin, (error: unknown) => {
    context.environment.report(error);
    begin(null);
  });
}

/** What the server has at a path. */
export interface Fetched {
  readonly node: Node;
  readonly revision: number;
}

/** Asks the server once. Rejects if it refuses, and with the signal's reason. */
export function fetchOnce(connection: Connection, path: Path, signal?: AbortSignal): Promise<Fetched> {
  return abortable(signal, (resolve, refused) =>
    connection.listen(
      { path, query: null },
      {
        event: ({ body, revision }) => resolve({ node: nodeFromJson(body, { limits: UNLIMITED }), revision }),
        refused,
        resumePoint: () => null,
      },
    ),
  );
}
