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
import { RecordCache } from './record-cache.js';

/** Split maps lie on the way to all that is below them. */
const MAX_KEPT_SPLITS = 10_000;

/** A write looks at what it changes twice: when it is computed, and when it is applied. Few other writes come between. */
const MAX_KEPT_OTHERS = 1_000;
/** Longer records are read again, so that the others take a few megabytes at most. */
const MAX_KEPT_CHARACTERS = 4_096;

const PLAIN_MAP: BigMap = new BigMap();

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
  readonly #splits: RecordCache = new RecordCache(MAX_KEPT_SPLITS);
  /** Packed records, and keys that have none. */
  readonly #others: RecordCache = new RecordCache(MAX_KEPT_OTHERS);
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

  /** Costs one read, and one for every split map on the way; none for what was met lately. */
  locate(path: Path): Located {
    const { record, depth } = this.#descend(path);
    if (record?.kind === 'split') return { split: record };
    return { node: record && getAt(record.node, path.slice(depth)) };
  }

  /** The record that holds what stands at `path`, which begins `depth` keys down the path; null if nothing stands there. */
  #descend(path: Path): { record: StoredRecord | null; depth: number } {
    let depth = 0;
    let record = this.#readKeeping(ROOT_ID, '');
    while (record?.kind === 'split' && depth < path.length) record = this.#readKeeping(record.id, path[depth++]!);
    return { record, depth };
  }

  #readKeeping(id: number, key: string): StoredRecord | null {
    const known = this.#splits.get(id, key) ?? this.#others.get(id, key);
    if (known !== undefined) return known;
    const record = this.read(id, key);
    if (record?.kind === 'split') this.#splits.add(id, key, record);
    else if (!record || record.text.length <= MAX_KEPT_CHARACTERS) this.#others.add(id, key, record);
    return record;
  }

  glance(path: Path): Glance {
    const located = this.locate(path);
    return 'node' in located ? located.node : new BigMap(located.split.priority);
  }

  outline(path: Path): Glance {
    const { record, depth } = this.#descend(path);
    if (record?.kind === 'packed' && depth === path.length && record.isPlainMap) return PLAIN_MAP;
    return this.glance(path);
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
