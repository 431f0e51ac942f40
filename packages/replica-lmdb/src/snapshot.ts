import {
  BigMap,
  type Glance,
  getAt,
  type KeyRange,
  MAX_KEY,
  MIN_KEY,
  type Node,
  nodeReader,
  type Path,
  type PresentNode,
  type TreeReader,
} from '@backside/tree';
import type { Transaction } from 'lmdb';
import { type EntryRange, type Environment, type RecordReader, readMeta, recordReader } from './environment.js';
import type { Meta } from './meta.js';
import { type NodeKey, ROOT_ID } from './node-key.js';
import { decodeRecord, type SplitRecord, type StoredRecord } from './record.js';

const MAX_KEPT_SPLITS = 10_000;

/** What stands at a path: a split map, or a node in memory. */
export type Located = { readonly node: Node } | { readonly split: SplitRecord };

/**
 * The tree as LMDB holds it at one moment, whatever is written afterwards. It pins the pages of that moment until the last
 * holder releases it.
 */
export class Snapshot implements TreeReader, RecordReader {
  readonly environment: Environment;
  readonly transaction: Transaction;
  readonly meta: Meta;
  readonly #records: RecordReader;
  /** Records of split maps that were met on the way to others, by the id of their parent and their key. */
  readonly #splits: Map<number, Map<string, SplitRecord>> = new Map();
  #kept = 0;
  #holders = 1;

  private constructor(environment: Environment, transaction: Transaction) {
    this.environment = environment;
    this.transaction = transaction;
    this.#records = recordReader(environment, transaction);
    this.meta = readMeta(environment, transaction);
  }

  /** The latest committed state. The caller holds it. */
  static open(environment: Environment): Snapshot {
    environment.root.resetReadTxn();
    const transaction = environment.root.useReadTransaction();
    try {
      return new Snapshot(environment, transaction);
    } catch (error) {
      transaction.done();
      throw error;
    }
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
    if (this.#holders === 0) this.transaction.done();
  }

  /** Costs one read, and one for every split map on the way that was not met lately. */
  locate(path: Path): Located {
    let record = this.#readKeepingSplits(ROOT_ID, '');
    for (let depth = 0; record !== null; depth++) {
      if (record.kind === 'packed') return { node: getAt(record.node, path.slice(depth)) };
      if (depth === path.length) return { split: record };
      record = this.#readKeepingSplits(record.id, path[depth]!);
    }
    return { node: null };
  }

  #readKeepingSplits(id: number, key: string): StoredRecord | null {
    const known = this.#splits.get(id)?.get(key);
    if (known) return known;
    const record = this.read(id, key);
    if (record?.kind === 'split') this.#keep(id, key, record);
    return record;
  }

  #keep(id: number, key: string, record: SplitRecord): void {
    if (++this.#kept > MAX_KEPT_SPLITS) {
      this.#splits.clear();
      this.#kept = 1;
    }
    const siblings = this.#splits.get(id);
    if (siblings) siblings.set(key, record);
    else this.#splits.set(id, new Map([[key, record]]));
  }

  glance(path: Path): Glance {
    const located = this.locate(path);
    return 'node' in located ? located.node : new BigMap(located.split.priority);
  }

  children(path: Path, range: KeyRange = {}): Iterable<[string, PresentNode | BigMap]> {
    const located = this.locate(path);
    if ('node' in located) return nodeReader(located.node).children([], range);
    return this.#splitChildren(located.split.id, range);
  }

  *#splitChildren(id: number, range: KeyRange): Generator<[string, PresentNode | BigMap], undefined> {
    const entries = entryRange(id, range);
    if (!entries) return;
    const { nodes } = this.environment;
    for (const { key, value } of nodes.getRange({ ...entries, transaction: this.transaction })) {
      const record = decodeRecord(value, nodes.lastSize);
      yield [key, record.kind === 'packed' ? record.node : new BigMap(record.priority)];
    }
  }

  read(id: number, key: string): StoredRecord | null {
    return this.#records.read(id, key);
  }
}

/** The records of the split map `id` whose keys are in the range; null if no key can be. */
export function entryRange(id: number, range: KeyRange): EntryRange<NodeKey> | null {
  if (range.start === MAX_KEY || range.end === MIN_KEY) return null;
  const low = range.start === undefined || range.start === MIN_KEY ? null : range.start;
  const high = range.end === undefined || range.end === MAX_KEY ? null : range.end;
  const from = { id, key: low ?? '' };
  const to = high === null ? { id: id + 1, key: '' } : { id, key: high };
  const fromExclusive = range.startExclusive === true;
  const toExclusive = high === null || range.endExclusive === true;
  const limit = range.limit === undefined ? {} : { limit: range.limit };
  if (range.reverse) {
    return { start: to, exclusiveStart: toExclusive, end: from, inclusiveEnd: !fromExclusive, reverse: true, ...limit };
  }
  return { start: from, exclusiveStart: fromExclusive, end: to, inclusiveEnd: !toExclusive, ...limit };
}
