import type { Document } from 'mongodb';
import { type Connection, openConnection } from './connection.js';
import { asUnavailable, request } from './mongo-error.js';
import type { MongoPlace } from './options.js';
import { NODE_INDEXES } from './projection-place.js';

/** What an operator should know of a server. */
export interface MongoFacts {
  readonly kind: 'standalone' | 'replica set' | 'sharded cluster' | 'wire-compatible server';
  readonly version: string;
  /** What an acknowledged write has survived, in words. */
  readonly writeConcern: string;
  /** Whether the server tells by itself of what is appended; otherwise nodes look. */
  readonly changeStreams: boolean;
  /** The server's clock less ours, in milliseconds, give or take half a round trip; null if the server does not tell. */
  readonly clockSkewMs: number | null;
  /** Indexes of `nodes` that nobody has made yet, as `database_1_path_1`. */
  readonly missingIndexes: readonly string[];
  /** The median of some acknowledged inserts, in milliseconds. */
  readonly appendMs: number;
}

export interface ProbeOptions extends MongoPlace {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Milliseconds that only ever grow. */
  readonly elapsed?: () => number;
}

const PROBES = 9;
const NO_SUCH_COLLECTION = 26;

/** Looks at a server, and writes and removes some documents. Rejects with `unavailable` if it cannot be used. */
export async function probeMongo(options: ProbeOptions): Promise<MongoFacts> {
  const { now = Date.now, elapsed = () => performance.now() } = options;
  const connection = await openConnection(options);
  try {
    return await request(async () => {
      const admin = connection.db.client.db('admin');
      const askedAt = now();
      const hello = await admin.command({ hello: 1 });
      const clockSkewMs = skewOf(hello, (askedAt + now()) / 2);
      const build = await admin.command({ buildInfo: 1 });
      const replicated = connection.replicated;
      return {
        kind: kindOf(hello, build),
        version: versionOf(build),
        writeConcern: replicated ? 'on the disks of a majority of members' : 'on the disk of the one server',
        changeStreams: replicated,
        clockSkewMs,
        missingIndexes: await missingIndexes(connection),
        appendMs: await insertMs(connection, elapsed),
      };
    });
  } finally {
    await connection.close();
  }
}

function kindOf(hello: Document, build: Document): MongoFacts['kind'] {
  if (typeof hello.setName === 'string') return 'replica set';
  if (hello.msg === 'isdbgrid') return 'sharded cluster';
  return Array.isArray(build.storageEngines) ? 'standalone' : 'wire-compatible server';
}

function versionOf({ version, ferretdbVersion }: Document): string {
  return typeof ferretdbVersion === 'string' ? `${version} (FerretDB ${ferretdbVersion})` : String(version);
}

function skewOf({ localTime }: Document, midwayMs: number): number | null {
  return localTime instanceof Date ? Math.round(localTime.getTime() - midwayMs) : null;
}

async function missingIndexes({ db }: Connection): Promise<string[]> {
  const wanted = NODE_INDEXES.map((index) =>
    Object.entries(index)
      .map(([field, order]) => `${field}_${order}`)
      .join('_'),
  );
  const present = await db.collection('nodes').listIndexes().toArray().catch(withoutCollection);
  const names = new Set(present.map(({ name }) => name));
  return wanted.filter((name) => !names.has(name));
}

function withoutCollection(error: unknown): Document[] {
  if (error instanceof Error && 'code' in error && error.code === NO_SUCH_COLLECTION) return [];
  throw asUnavailable(error);
}

async function insertMs({ db }: Connection, elapsed: () => number): Promise<number> {
  const probes = db.collection<{ _id: string }>('probes');
  const took: number[] = [];
  const ids = Array.from({ length: PROBES }, () => crypto.randomUUID());
  for (const _id of ids) {
    const askedAt = elapsed();
    await probes.insertOne({ _id });
    took.push(elapsed() - askedAt);
  }
  await probes.deleteMany({ _id: { $in: ids } });
  return took.sort((a, b) => a - b)[Math.floor(PROBES / 2)]!;
}
