import type { Commit } from '@backside/protocol';
import {
  type Change,
  canonicalQuery,
  compareInOrder,
  encodeNode,
  type Format,
  type IndexValue,
  indexValueOf,
  inRange,
  isPrefix,
  makeMap,
  type Path,
  type PresentNode,
  type Query,
  readNode,
} from '@backside/tree';
import { changesWithin } from './commit-events.js';
import { patchEvent, putEvent, snapshotEvent } from './event.js';
import type { ViewEvent } from './listener.js';
import { View, type ViewContext } from './view.js';

/** The farthest member of a full window: what a newcomer must beat. */
interface Edge {
  readonly value: IndexValue;
  readonly key: string;
}

/**
 * The view of a query: knows which children are in its window, and tells subscribers who left, who entered (whole) and
 * what changed. Keeps keys only, not data.
 */
export class WindowView extends View {
  readonly query: Query;
  readonly id: string;
  #members = new Set<string>();
  #edge: Edge | null = null;
  #indexed = true;

  constructor(path: Path, query: Query, context: ViewContext) {
    super(path, context);
    this.query = query;
    this.id = canonicalQuery(query);
    this.#adopt(this.#read());
  }

  /** Whether the last look at the state found an index. */
  get indexed(): boolean {
    return this.#indexed;
  }

  mayChange(): boolean {
    return true;
  }

  protected eventOf(commit: Commit): ViewEvent | null {
    const affected = this.#affectedKeys(commit.changes);
    if (affected === 'all') return this.#replaced(commit);
    if (affected.size === 0) return null;
    const moves = this.query.limit === undefined ? this.#filter(affected) : this.#shift(affected);
    if (moves.length === 0) return null;
    const source = { revision: commit.revision, id: String(commit.revision), headers: commit.headers };
    const inside = this.#insideOneMember(commit, moves);
    return inside === null ? patchEvent(this.path, moves, source) : putEvent(inside, source);
  }

  /** The single change of the commit if all it did was to change something within one child that stays a member. */
  #insideOneMember(commit: Commit, moves: readonly Move[]): Change | null {
    const within = changesWithin(this.path, commit.changes);
    const [move] = moves;
    return within.length === 1 && moves.length === 1 && move?.stays ? within[0]! : null;
  }

  /** The node itself was replaced: the new window, unless it was empty and still is. */
  #replaced(commit: Commit): ViewEvent | null {
    const wasEmpty = this.#members.size === 0;
    const entries = this.#read();
    this.#adopt(entries);
    if (wasEmpty && entries.length === 0) return null;
    return snapshotEvent(this.path, commit.revision, { encode: (format) => encodeNode(makeMap(entries), format) });
  }

  /** A range without a limit: each child is in or out by itself. */
  #filter(affected: ReadonlySet<string>): Move[] {
    const moves: Move[] = [];
    for (const key of affected) {
      const node = this.#child(key);
      const was = this.#members.has(key);
      const is = node !== null && this.#inRange(key, node);
      if (is) this.#members.add(key);
      else this.#members.delete(key);
      if (was || is) moves.push({ path: [...this.path, key], value: is ? node : null, stays: was && is });
    }
    return moves;
  }

  /** A limited window: read again if one of the affected children is or could come into it. */
  #shift(affected: ReadonlySet<string>): Move[] {
    if (![...affected].some((key) => this.#members.has(key) || this.#couldEnter(key))) return [];
    const before = this.#members;
    const entries = this.#read();
    this.#adopt(entries);
    const moves: Move[] = [];
    for (const key of before) {
      if (!this.#members.has(key)) moves.push({ path: [...this.path, key], value: null, stays: false });
    }
    for (const [key, node] of entries) {
      const stays = before.has(key);
      if (!stays || affected.has(key)) moves.push({ path: [...this.path, key], value: node, stays });
    }
    return moves;
  }

  #couldEnter(key: string): boolean {
    const node = this.#child(key);
    if (node === null || !this.#inRange(key, node)) return false;
    const { limit, order } = this.query;
    if (limit === undefined || this.#edge === null || this.#members.size < limit.count) return true;
    const distance = compareInOrder(order, indexValueOf(order, key, node), key, this.#edge.value, this.#edge.key);
    return limit.from === 'first' ? distance < 0 : distance > 0;
  }

  #inRange(key: string, node: PresentNode): boolean {
    return inRange(this.query, indexValueOf(this.query.order, key, node), key);
  }

  #child(key: string): PresentNode | null {
    return readNode(this.context.replica, [...this.path, key]);
  }

  #affectedKeys(changes: readonly Change[]): ReadonlySet<string> | 'all' {
    const keys = new Set<string>();
    for (const { path } of changes) {
      if (isPrefix(path, this.path)) return 'all';
      if (!isPrefix(this.path, path)) continue;
      const key = path[this.path.length]!;
      if (key !== '.priority') keys.add(key);
    }
    return keys;
  }

  #read(): [string, PresentNode][] {
    const answer = this.context.replica.query(this.path, this.query);
    this.#indexed = answer.indexed;
    return answer.entries;
  }

  #adopt(entries: readonly [string, PresentNode][]): void {
    this.#members = new Set(entries.map(([key]) => key));
    const { limit, order } = this.query;
    const last = limit === undefined ? undefined : entries.at(limit.from === 'first' ? -1 : 0);
    this.#edge = last === undefined ? null : { key: last[0], value: indexValueOf(order, last[0], last[1]) };
  }

  changedBy(): null {
    return null;
  }

  protected encodeState(format: Format): string {
    return encodeNode(makeMap(this.#read()), format);
  }

  protected warning(): string | null {
    return this.#indexed ? null : 'no-index';
  }

  catchUp(): ViewEvent {
    return this.snapshot(null);
  }
}

interface Move extends Change {
  /** It was and is a member. */
  readonly stays: boolean;
}
