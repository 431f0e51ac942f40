import { setTimeout as sleep } from 'node:timers/promises';
import type { Servers } from './pairing.js';

/** How far the store's table of nodes is. */
export interface ProjectedLeaves {
  readonly leaves: number;
  /** How long was waited for them. */
  readonly seconds: number;
}

/** Looks into the table that the projector makes, as another service would. */
export interface Projection {
  /** Resolves once it has so many leaves, or with fewer when the time is over or is seen not to suffice. */
  atLeast(leaves: number, timeoutMs: number): Promise<ProjectedLeaves>;
  close(): Promise<void>;
}

const LOOK_AGAIN_MS = 1_000;
/** How long its pace is watched before it is held to be too slow. */
const WATCH_PACE_MS = 10_000;
const DATABASE = 'default';

interface Table {
  count(): Promise<number>;
  close(): Promise<void>;
}

/** `flags` are those of the cluster, which name its place in the store. */
export async function watchProjection(store: Servers['store'], flags: readonly string[]): Promise<Projection> {
  const namespace = flags[flags.indexOf('--store-namespace') + 1]!;
  const table = await (store.kind === 'mongodb' ? openMongo : openPostgres)(store.url, namespace);
  return {
    async atLeast(leaves, timeoutMs) {
      const start = performance.now();
      const first = await table.count();
      for (let found = first; ; found = await table.count()) {
        const waited = performance.now() - start;
        const expected = first + ((found - first) * timeoutMs) / waited;
        const isHopeless = waited > WATCH_PACE_MS && expected < leaves;
        if (found >= leaves || waited > timeoutMs || isHopeless) return { leaves: found, seconds: waited / 1000 };
        await sleep(LOOK_AGAIN_MS);
      }
    },
    close: () => table.close(),
  };
}

async function openMongo(url: string, namespace: string): Promise<Table> {
  const { MongoClient } = await import('mongodb');
  const client = await new MongoClient(url).connect();
  const nodes = client.db(namespace).collection('nodes');
  return { count: () => nodes.countDocuments({ database: DATABASE }), close: () => client.close() };
}

async function openPostgres(url: string, namespace: string): Promise<Table> {
  const { default: pg } = await import('pg');
  const client = new pg.Client(url);
  await client.connect();
  return {
    async count() {
      const text = `select count(*)::int as leaves from "${namespace}".nodes where database = $1`;
      const { rows } = await client.query<{ leaves: number }>(text, [DATABASE]);
      return rows[0]!.leaves;
    },
    close: () => client.end(),
  };
}
