import { isPrefix, type Node, type Path } from '@backside/tree';
import type { Extent } from './edit.js';
import type { LocalWrite } from './local-write.js';

/** Acknowledged writes that are remembered, in case events come that are older than they are. */
const MAX_SETTLED = 256;

interface Settled {
  readonly write: LocalWrite;
  readonly revision: number;
}

/** The writes of this client: those without an answer, in their order, and those that were acknowledged lately. */
export class PendingWrites {
  readonly #waiting: LocalWrite[] = [];
  readonly #settled: Settled[] = [];

  add(write: LocalWrite): void {
    this.#waiting.push(write);
  }

  /**
   * The write has its answer; `revision` is null if it was not made. One that was is remembered for a while, so that an event which is older than the answer does not take it back for a moment.
   */
  settle(write: LocalWrite, revision: number | null): void {
    const index = this.#waiting.indexOf(write);
    if (index >= 0) this.#waiting.splice(index, 1);
    if (revision === null) return;
    this.#settled.push({ write, revision });
    if (this.#settled.length > MAX_SETTLED) this.#settled.shift();
  }

  /** What was acknowledged belongs to a history that is no more. */
  forgetSettled(): void {
    this.#settled.length = 0;
  }

  /** Those that views show and that change something at, above or below `path`. */
  touching(path: Path): LocalWrite[] {
    return this.#waiting.filter((write) => write.visible && write.touches(path));
  }

  isTouched(path: Path): boolean {
    return this.#waiting.some((write) => write.visible && write.touches(path));
  }

  /** Whether one of them says all there is at `path`. */
  covers(path: Path): boolean {
    return this.#waiting.some((write) => write.visible && write.paths().some((changed) => isPrefix(changed, path)));
  }

  /** The server's node of an extent at `revision`, with what it acknowledged since. */
  reapplySettled(node: Node, extent: Extent, revision: number): Node {
    let current = node;
    for (const settled of this.#settled) {
      if (settled.revision > revision && settled.write.touches(extent.path)) {
        current = settled.write.apply(current, extent, false);
      }
    }
    return current;
  }
}
