import type { Binary, Collection, Filter } from 'mongodb';
import type { Connection } from './connection.js';
import type { StoredPayload, Versioned } from './documents.js';

/** A leaf, or a map that has a priority, as other services find it. A removed one leaves a trace without `path`. */
export interface NodeDocument {
  /** `DATABASE:PATH`. */
  readonly _id: string;
  readonly database: string;
  /** `/users/bob/age`. */
  readonly path: string;
  /** The path of the map that holds it; null for the root. */
  readonly parent: string | null;
  /** The last key of the path; empty for the root. */
  readonly key: string;
  /** Absent for a map. */
  readonly value?: boolean | number | string;
  /** The JSON text of a string that BSON cannot hold as it is; `value` is then as close as it gets. */
  readonly json?: string;
  readonly priority: number | string | null;
  /** The commit that made it so is this one, or one shortly before. */
  readonly revision: number;
}

/** What stays of a removed node for some time, so that nobody who is late brings it back. */
export interface NodeTrace {
  readonly _id: string;
  readonly revision: number;
  readonly goneFrom: string;
  /** Milliseconds since the epoch. */
  readonly gone: number;
}

/** Up to where `nodes` has everything, whole. */
interface ProgressDocument {
  readonly _id: string;
  readonly revision: number;
}

/** Who projects. It only saves the others the work: what is written does not depend on who writes it. */
export interface LeaseDocument {
  readonly _id: string;
  readonly holder: string;
  /** Grows with each new holder. */
  readonly fence: number;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** Somebody starts from `nodes` as a checkpoint: the commits after it are to stay. */
export interface HoldDocument {
  readonly _id: string;
  readonly database: string;
  /** The revision of the checkpoint; 0 while it is not known. */
  readonly revision: number;
  /** Whether `nodes` is being read, so that no step of the projection is to begin. */
  readonly reading: boolean;
  /** When it ends by itself, in milliseconds since the epoch. */
  readonly until: number;
}

/** What one step of the projection writes, decided before anything of it is written. `_id` is made of the revision it starts from. */
export interface BatchDocument extends Versioned, Partial<StoredPayload> {
  readonly _id: string;
  readonly database: string;
  readonly to: number;
  /** When it had been written whole; then the rest is gone. */
  readonly done?: number;
  readonly packed?: Binary;
}

/** The collections of the projection. */
export interface ProjectionPlace {
  /** The filter for a document that is to be changed only if it is as described. */
  readonly only: <T extends { _id: string }>(_id: string, condition: Filter<T>) => Filter<T>;
  readonly nodes: Collection<NodeDocument | NodeTrace>;
  readonly progress: Collection<ProgressDocument>;
  readonly leases: Collection<LeaseDocument>;
  readonly holds: Collection<HoldDocument>;
  readonly batches: Collection<BatchDocument>;
}

export function projectionPlace({ db, atomicUpdates }: Pick<Connection, 'db' | 'atomicUpdates'>): ProjectionPlace {
  return {
    only: <T extends { _id: string }>(_id: string, condition: Filter<T>) =>
      (atomicUpdates ? { ...condition, _id } : { _id }) as Filter<T>,
    nodes: db.collection('nodes'),
    progress: db.collection('progress'),
    leases: db.collection('leases'),
    holds: db.collection('holds'),
    batches: db.collection('batches'),
  };
}

/** The indexes of `nodes`, by which others find a node, the children of a node, and what is below one. */
export const NODE_INDEXES: readonly Readonly<Record<string, 1>>[] = [
  { database: 1, path: 1 },
  { database: 1, parent: 1 },
];

export async function createProjectionIndexes({ nodes, batches }: ProjectionPlace): Promise<void> {
  for (const index of NODE_INDEXES) await nodes.createIndex({ ...index });
  await nodes.createIndex({ gone: 1 }, { sparse: true });
  await batches.createIndex({ database: 1, done: 1 });
}

/** The revision up to which `nodes` has everything; null if nobody has projected yet. */
export async function readProgress({ progress }: ProjectionPlace, database: string): Promise<number | null> {
  return (await progress.findOne({ _id: database }))?.revision ?? null;
}

/** The last revision whose commits nobody needs any more who starts, or will start, from `nodes`. */
export async function dispensableUpTo(place: ProjectionPlace, database: string, now: number): Promise<number> {
  const revision = (await readProgress(place, database)) ?? 0;
  const holds = await place.holds.find({ database, until: { $gt: now } }).toArray();
  return Math.min(revision, ...holds.map((hold) => hold.revision));
}
