import { formatPath, isPrefix, type Node, type Path } from '@backside/tree';
import type { Extent } from './edit.js';
import type { LocalWrite } from './local-write.js';

/**
 * Acknowledged writes that are remembered although no listen waits for their events: one that begins soon may still be told a state
 * which is older than they are.
 */
const MAX_UNAWAITED = 256;

interface Settled {
  readonly write: LocalWrite;
  readonly revision: number;
}

/** Whether there is a listen that the write concerns and that was not told of its revision yet. */
type IsAwaited = (write: LocalWrite, revision: number) => boolean;

/** The writes of this client: those without an answer, in their order, and those that were acknowledged before their events came. */
export class PendingWrites {
  readonly #isAwaited: IsAwaited;
  /** Those without an answer. */
  readonly waiting: LocalWrite[] = [];
  #settled: Settled[] = [];
  #pruneAt = 2 * MAX_UNAWAITED;

  constructor(isAwaited: IsAwaited) {
    this.#isAwaited = isAwaited;
  }

  /** How many acknowledged writes are remembered. */
  get remembered(): number {
    return this.#settled.length;
  }

  add(write: LocalWrite): void {
    this.waiting.push(write);
  }

  /**
   * The write has its answer; `revision` is null if it was not made. One that was is remembered until the listens that it concerns have
   * come as far, so that an event which is older than the answer does not take it back for a moment.
   */
  settle(write: LocalWrite, revision: number | null): void {
    const index = this.waiting.indexOf(write);
    if (index >= 0) this.waiting.splice(index, 1);
    if (revision === null) return;
    this.#settled.push({ write, revision });
    if (this.#settled.length >= this.#pruneAt) this.#prune();
  }

  /** Forgets what can make no difference any more: what was told, and what later writes have written over. */
  #prune(): void {
    const kept: Settled[] = [];
    const covered = new Set<string>();
    let unawaited = 0;
    for (let index = this.#settled.length - 1; index >= 0; index--) {
      const settled = this.#settled[index] as Settled;
      const { write, revision } = settled;
      const paths = write.paths();
      if (paths.every((path) => isCovered(path, covered))) continue;
      if (!this.#isAwaited(write, revision) && ++unawaited > MAX_UNAWAITED) continue;
      kept.push(settled);
      if (!write.isEstimated) for (const path of paths) covered.add(formatPath(path));
    }
    this.#settled = kept.reverse();
    this.#pruneAt = 2 * Math.max(MAX_UNAWAITED, kept.length);
  }

  /** What was acknowledged belongs to a history that is no more. */
  forgetSettled(): void {
    this.#settled = [];
  }

  /** Those that views show and that change something at, above or below `path`. */
  touching(path: Path): LocalWrite[] {
    return this.waiting.filter((write) => write.visible && write.touches(path));
  }

  isTouched(path: Path): boolean {
    return this.touching(path).length > 0;
  }

  /** Whether one of them says all there is at `path`. */
  covers(path: Path): boolean {
    return this.touching(path).some((write) => write.paths().some((changed) => isPrefix(changed, path)));
  }

  /**
   * The server's node of an extent at `revision`, with what it acknowledged since, and where it differs from the one before. `node` has
   * that already but where an event has told of `paths`.
   */
  reapplySettled(
    node: Node,
    extent: Extent,
    event: { readonly revision: number; readonly paths: readonly Path[] },
  ): { readonly node: Node; readonly paths: readonly Path[] } {
    let current = node;
    const paths = [...event.paths];
    let isApplied = true;
    for (const { write, revision } of this.#settled) {
      if (revision <= event.revision || !write.touches(extent.path)) continue;
      isApplied &&= !event.paths.some((path) => write.touches(path));
      if (isApplied) continue;
      current = write.apply(current, extent, false);
      paths.push(...write.paths());
    }
    return { node: current, paths };
  }
}

/** Whether the path, or one above it, is among those. */
function isCovered(path: Path, covered: ReadonlySet<string>): boolean {
  return [...path, ''].some((_key, index) => covered.has(formatPath(path.slice(0, index))));
}
