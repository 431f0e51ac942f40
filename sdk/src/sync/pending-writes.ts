import { formatPath, type Node, type Path } from '@backside/tree';
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

/** An extent of which the server has told up to `revision`. */
interface ToldExtent extends Extent {
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
    return this.touching(path).some((write) => write.covers(path));
  }

  /** The first write to an extent that the server has acknowledged and not told of, if it tells of that one at `revision`. */
  echoedBy({ revision }: { revision: number }, told: ToldExtent): LocalWrite | undefined {
    const next = this.#settled.find((each) => each.revision > told.revision && each.write.touches(told.path));
    return next?.revision === revision ? next.write : undefined;
  }

  /** What the server has told of an extent up to `revision`, with what it acknowledged since, and where that may make a difference. */
  reapplySettled(told: Node, extent: ToldExtent): { readonly node: Node; readonly paths: Path[] } {
    let node = told;
    const paths: Path[] = [];
    for (const { write, revision } of this.#settled) {
      if (revision <= extent.revision || !write.touches(extent.path)) continue;
      node = write.apply(node, extent, false);
      paths.push(...write.paths);
    }
    return { node, paths };
  }
}

/** Whether the path, or one above it, is among those. */
function isCovered(path: Path, covered: ReadonlySet<string>): boolean {
  return [...path, ''].some((_key, index) => covered.has(formatPath(path.slice(0, index))));
}
