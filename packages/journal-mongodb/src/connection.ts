import { type Db, MongoClient, type ReadConcernLevel } from 'mongodb';
import { ClientWatch } from './client-watch.js';
import { request } from './mongo-error.js';
import type { MongoPlace } from './options.js';

/** One use of a server. Uses of the same place in one process share their sockets. */
export interface Connection {
  readonly db: Db;
  /** Whether writes are copied to other members, which is what `majority` and change streams need. */
  readonly replicated: boolean;
  /**
   * Whether the server looks at a document and changes it in one step, as MongoDB does. FerretDB 1 does not, so a condition beside the
   * id is of no use there; it even makes it read the whole collection.
   */
  readonly atomicUpdates: boolean;
  /** The read concern that cannot answer with what was true some time ago. */
  readonly strict: ReadConcernLevel;
  /** Lets go; idempotent. */
  close(): Promise<void>;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
/** How long a request waits for a server that takes it, in milliseconds: less than its answer may take. */
const MAX_SELECTION_MS = 2_000;
const MAX_SOCKETS = 32;

interface SharedClient {
  readonly client: MongoClient;
  readonly watch: ClientWatch;
  users: number;
}

/** The clients of this process by what makes them differ. */
const clients = new Map<string, SharedClient>();

/** Connects, or joins those who have. Rejects with `unavailable` if the server does not answer. */
export async function openConnection(place: MongoPlace): Promise<Connection> {
  const key = JSON.stringify([place.url, place.requestTimeoutMs]);
  const shared = clients.get(key) ?? shareClient(place);
  clients.set(key, shared);
  shared.users += 1;
  let release: Promise<void> | null = null;
  const close = (): Promise<void> => {
    release ??= leave(key, shared);
    return release;
  };
  try {
    const admin = shared.client.db('admin');
    const [hello, build] = await request(async () => [
      await admin.command({ hello: 1 }),
      await admin.command({ buildInfo: 1 }),
    ]);
    const isReplicaSet = typeof hello?.setName === 'string';
    return {
      db: shared.client.db(place.mongoDatabase ?? 'backside'),
      atomicUpdates: build?.ferretdbVersion === undefined,
      replicated: isReplicaSet || hello?.msg === 'isdbgrid',
      strict: isReplicaSet ? 'linearizable' : 'majority',
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function shareClient(place: MongoPlace): SharedClient {
  const client = createClient(place);
  return { client, watch: new ClientWatch(client, place.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS), users: 0 };
}

/** Acknowledged means: on the disks of a majority. Only primaries are read, and only what no failover can take back. */
function createClient({ url, requestTimeoutMs = DEFAULT_REQUEST_TIMEOUT_MS }: MongoPlace): MongoClient {
  return new MongoClient(url, {
    appName: 'backside',
    writeConcern: { w: 'majority', journal: true },
    readConcern: { level: 'majority' },
    readPreference: 'primary',
    maxPoolSize: MAX_SOCKETS,
    connectTimeoutMS: requestTimeoutMs,
    socketTimeoutMS: requestTimeoutMs,
    serverSelectionTimeoutMS: Math.min(requestTimeoutMs, MAX_SELECTION_MS),
  });
}

async function leave(key: string, shared: SharedClient): Promise<void> {
  shared.users -= 1;
  if (shared.users > 0) return;
  if (clients.get(key) === shared) clients.delete(key);
  await shared.watch.close();
}
