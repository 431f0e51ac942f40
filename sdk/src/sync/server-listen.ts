import { formatResumePoint } from '@backside/protocol';
import {
  canonicalQuery,
  childOf,
  formatPath,
  getAt,
  isMap,
  type Json,
  makeMap,
  type Node,
  nodeFromJson,
  nodeToJson,
  type Path,
  parseUpdate,
  UNLIMITED,
} from '@backside/tree';
import type { ListenTarget, ServerEvent } from '../link/connection.js';
import { changeExtent, childrenWith, type Extent, overlaps, replaceAt } from './edit.js';
import type { LocalWrite } from './local-write.js';
import type { PendingWrites } from './pending-writes.js';
import { QueryWindow } from './query-window.js';
import type { View } from './view.js';

/** What is known of the server's side: nothing, what was stored earlier, or what the server itself has said. */
export type Knowledge = 'nothing' | 'cached' | 'confirmed';

/** Paths at which something may have changed; null for anywhere. */
export type Touched = readonly Path[] | null;

/** What one listen holds: where it stands, and the data there. */
export interface ListenState {
  readonly node: Node;
  /** `epoch:revision`. */
  readonly resume: string | null;
  readonly knowledge: Knowledge;
}

const UNKNOWN: ListenState = { node: null, resume: null, knowledge: 'nothing' };

/** One subscription of the server, the data that came with it, and the same with this client's own pending writes. */
export class ServerListen implements Extent {
  readonly target: ListenTarget;
  /** The views that show what it holds. */
  readonly views: Set<View> = new Set();
  /** Ends the subscription. */
  stop: () => void = () => {};
  readonly #pending: PendingWrites;
  /** What the server has told. */
  #told: Node = null;
  /** The same with what it has acknowledged since. */
  #base: Node = null;
  /** Where these two may differ. */
  #ahead: Path[] = [];
  #shown: Node = null;
  #epoch: string | null = null;
  #revision = 0;
  #knowledge: Knowledge = 'nothing';

  constructor(target: ListenTarget, pending: PendingWrites, state: ListenState | null) {
    this.target = target;
    this.#pending = pending;
    this.adopt(state ?? UNKNOWN);
  }

  get path(): Path {
    return this.target.path;
  }

  get partial(): boolean {
    return this.target.query !== null;
  }

  /** The server's data, as far as it has told or acknowledged it, with the pending writes. */
  get shown(): Node {
    return this.#shown;
  }

  get knowledge(): Knowledge {
    return this.#knowledge;
  }

  get revision(): number {
    return this.#revision;
  }

  resumePoint(): string | null {
    return this.#epoch === null ? null : formatResumePoint({ epoch: this.#epoch, revision: this.#revision });
  }

  /** What it knows of a place at or below its own. */
  stateAt(path: Path): ListenState {
    const node = getAt(this.#told, path.slice(this.path.length));
    return { node, resume: this.resumePoint(), knowledge: this.#knowledge };
  }

  exported(): Json {
    return nodeToJson(this.#told, 'export');
  }

  /** Begins with what is known already. */
  adopt({ node, resume, knowledge }: ListenState): void {
    const [epoch = null, revision = 0] = resume?.split(':') ?? [];
    this.#epoch = epoch;
    this.#revision = Number(revision);
    this.#knowledge = knowledge;
    const { query } = this.target;
    this.#told = query === null ? node : new QueryWindow(query, node).chosen;
    this.#reapply();
    this.#showAll();
  }

  /** Takes an event in. As the two below, returns the paths at which the listen may look different; null for anywhere. */
  receive(event: ServerEvent): Touched {
    if (this.#epoch !== null && this.#epoch !== event.epoch) this.#pending.forgetSettled();
    const paths = event.kind === 'put' ? [this.#put(event)] : this.#patch(event);
    const echoed = this.#pending.echoedBy(event, this);
    this.#epoch = event.epoch;
    this.#revision = event.revision;
    this.#knowledge = 'confirmed';
    // What was acknowledged and is told now was here already. Of a window, or of an estimate, something else may be told.
    if (echoed && !this.partial && !echoed.isEstimated && paths.every((path) => echoed.covers(path)))
      this.#ahead.splice(0, echoed.paths.length);
    else paths.push(...this.#ahead, ...this.#reapply());
    return this.#show(paths);
  }

  /** A new pending write, the last one so far. */
  overlay(write: LocalWrite): Touched {
    this.#shown = write.apply(this.#shown, this, this.#isKnown);
    return write.paths;
  }

  /** A write is pending no more. If it was made, at `revision`, and no event has told of it yet, it is taken as told. */
  settle(write: LocalWrite, revision: number | null): Touched {
    const { paths } = write;
    if (revision !== null && revision > this.#revision && write.touches(this.path)) {
      this.#base = write.apply(this.#base, this, this.#isKnown);
      this.#ahead.push(...paths);
    }
    return this.#show(paths);
  }

  get #isKnown(): boolean {
    return this.#knowledge !== 'nothing';
  }

  #put({ path, body }: ServerEvent): Path {
    const value = nodeFromJson(body, { limits: UNLIMITED });
    this.#told = changeExtent(this.#told, this, { path, value });
    return path;
  }

  #patch({ path, body }: ServerEvent): Path[] {
    const changes = parseUpdate(path, body, { limits: UNLIMITED });
    for (const change of changes) this.#told = changeExtent(this.#told, this, change);
    return changes.map((change) => change.path);
  }

  /** Adds to what the server has told what it has acknowledged since; returns where that may make a difference. */
  #reapply(): readonly Path[] {
    const { node, paths } = this.#pending.reapplySettled(this.#told, this);
    this.#base = node;
    this.#ahead = paths;
    return paths;
  }

  #showAll(): void {
    this.#shown = this.#pending
      .touching(this.path)
      .reduce((node, write) => write.apply(node, this, this.#isKnown), this.#base);
  }

  /** Brings `shown` up to date where `base` or the pending writes have changed. */
  #show(changed: Touched): Touched {
    const paths = changed?.filter((path) => overlaps(path, this.path)) ?? null;
    const pending = this.#pending.touching(this.path);
    if (pending.length === 0) {
      this.#shown = this.#base;
      return paths;
    }
    if (paths !== null && this.#isKnown && this.#showApart(paths, pending)) return paths;
    this.#showAll();
    return null;
  }

  /** As `#showAll`, at these places only. False if others may make a difference to them; then it does nothing. */
  #showApart(paths: readonly Path[], pending: readonly LocalWrite[]): boolean {
    if (this.partial) return this.#showChildren(childrenWith(paths, this.path), pending);
    if (hasPriorities(pending) || !paths.every((path) => this.#isPlainAbove(path))) return false;
    for (const path of paths) this.#showAt(path, pending);
    return true;
  }

  /** Of a window each child is by itself, unless a write replaces all of it. */
  #showChildren(keys: ReadonlySet<string> | null, pending: readonly LocalWrite[]): boolean {
    const isApart = (write: LocalWrite): boolean => !write.isEstimated && childrenWith(write.paths, this.path) !== null;
    if (keys === null || !pending.every(isApart)) return false;
    for (const key of keys) {
      const child = makeMap([[key, childOf(this.#base, key)]]);
      const shown = pending.reduce((node, write) => write.apply(node, this, true), child);
      this.#shown = replaceAt(this.#shown, [key], childOf(shown, key));
    }
    return true;
  }

  /** As `#showAll`, at one place, where no other place can make a difference. */
  #showAt(path: Path, pending: readonly LocalWrite[]): void {
    const relative = path.slice(this.path.length);
    const extent = { path, partial: false };
    const node = pending
      .filter((write) => write.touches(path))
      .reduce((current, write) => write.apply(current, extent, true), getAt(this.#base, relative));
    this.#shown = replaceAt(this.#shown, relative, node);
  }

  /**
   * Whether everything above a place is a map without a priority. Then a change there can neither create nor remove anything above,
   * and what happened elsewhere in the tree does not matter to it.
   */
  #isPlainAbove(path: Path): boolean {
    if (path.length < this.path.length) return false;
    const relative = path.slice(this.path.length);
    return isPlainAbove(this.#base, relative) && isPlainAbove(this.#shown, relative);
  }
}

/** The name of what is listened to, or of what a view shows; equal for equal ones. */
export function targetKey({ path, query }: ListenTarget): string {
  return query === null ? formatPath(path) : `${formatPath(path)}?${canonicalQuery(query)}`;
}

function isPlainAbove(node: Node, relative: Path): boolean {
  let current = node;
  for (const key of relative) {
    if (key === '.priority' || !isMap(current) || current.priority !== null) return false;
    current = current.children.get(key) ?? null;
  }
  return true;
}

function hasPriorities(writes: readonly LocalWrite[]): boolean {
  return writes.some((write) => write.paths.some((path) => path.at(-1) === '.priority'));
}
