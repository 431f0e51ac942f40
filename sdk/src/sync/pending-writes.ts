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

/** What is known of an extent, of which the server has told up to `revision`. */
interface ToldExtent extends Extent {
  readonly base: Node;
  readonly revision: number;
}

interface Reapplied {
  readonly node: Node;
  readonly paths: readonly Path[];
  /** Whether the server has acknowledged writes there that it has still to tell of. */
  readonly ahead: boolean;
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
      const paths = write.paths;
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
    return this.touching(path).some((write) => write.paths.some((changed) => isPrefix(changed, path)));
  }

  /**
   * What the server has told, with what it acknowledged since, and where that differs from the one before. `base` has it already but where
   * an event has told of `news`.
   */
  reapplySettled(told: ToldExtent, news: readonly Path[]): Reapplied {
    let node = told.base;
    const paths = [...news];
    let ahead = false;
    let isApplied = true;
    for (const { write, revision } of this.#settled) {
      if (revision <= told.revision || !write.touches(told.path)) continue;
      ahead = true;
      isApplied &&= !news.some((path) => write.touches(path));
      if (isApplied) continue;
      node = write.apply(node, told, false);
      paths.push(...write.paths);
    }
    return { node, paths, ahead };
  }
}

/** Whether the path, or one above it, is among those. */
function isCovered(path: Path, covered: ReadonlySet<string>): boolean {
  return [...path, ''].some((_key, index) => covered.has(formatPath(path.slice(0, index))));
}
