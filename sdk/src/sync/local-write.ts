import {
  type Change,
  DEFAULT_LIMITS,
  formatPath,
  getAt,
  isPrefix,
  type Leaf,
  leafValue,
  type Node,
  nodeFromJson,
  type Path,
  parseUpdate,
  TreeError,
} from '@backside/tree';
import type { WireStep, WireWrite } from '../link/write.js';
import { changeExtent, type Extent, overlaps } from './edit.js';

/**
 * A write as this client sees it before the server has answered. Server values are estimated once: the time by the server's clock as
 * far as it is known, an increment on what was there when that was first known. Not anew when that changes, for nothing tells whether
 * the new number counts the increment already.
 */
export class LocalWrite {
  /** With copies of its values: what the application does to them later does not count. */
  readonly wire: WireWrite;
  /** Whether views show it before it is acknowledged. */
  readonly visible: boolean;
  /** The paths that it changes. */
  readonly paths: readonly Path[];
  /** Calls off the wait for its answer. */
  readonly wait: AbortController = new AbortController();
  readonly #now: number;
  readonly #steps: readonly LocalStep[];
  /** What increments add to, by path. */
  readonly #operands = new Map<string, Leaf | null>();

  /**
   * @param now the server's time, in milliseconds, as far as it is known.
   *
   * Throws TreeError for data that the server would refuse.
   */
  constructor(wire: WireWrite, now: number, visible = true) {
    this.visible = visible;
    this.#now = now;
    this.#steps = wire.steps.map((step) => this.#prepare(step));
    this.wire = { ...wire, steps: this.#steps.map(({ step }) => step) };
    this.paths = this.#steps.flatMap(({ changes }) => changes.map(({ path }) => path));
  }

  /** Whether what it writes depends on what is there. */
  get isEstimated(): boolean {
    return this.#steps.some(({ estimated }) => estimated);
  }

  /** Whether it changes anything at, above or below `path`. */
  touches(path: Path): boolean {
    return this.paths.some((changed) => overlaps(changed, path));
  }

  /** Whether it says all there is at `path`. */
  covers(path: Path): boolean {
    return this.paths.some((changed) => isPrefix(changed, path));
  }

  /** The node of an extent as this write would leave it. `known` tells whether `node` is what is there, or only a guess. */
  apply(node: Node, extent: Extent, known: boolean): Node {
    let current = node;
    for (const { step, changes, estimated } of this.#steps) {
      const resolved = estimated ? this.#estimate(step, this.#operandsIn(current, extent, known)) : changes;
      for (const change of resolved) current = changeExtent(current, extent, change);
    }
    return current;
  }

  /** Nothing where the sum is beyond all numbers, which the server will refuse. */
  #estimate(step: WireStep, operands: (path: Path) => Leaf | null): readonly Change[] {
    try {
      return this.#resolve(step, operands);
    } catch (error) {
      if (error instanceof TreeError) return [];
      throw error;
    }
  }

  #operandsIn(node: Node, { path: base }: Extent, known: boolean): (path: Path) => Leaf | null {
    return (path) => {
      const name = formatPath(path);
      const operand = this.#operands.get(name);
      if (operand !== undefined || !isPrefix(base, path)) return operand ?? null;
      const leaf = leafValue(getAt(node, path.slice(base.length)));
      if (known) this.#operands.set(name, leaf);
      return leaf;
    };
  }

  #prepare(step: WireStep): LocalStep {
    let estimated = false;
    const changes = this.#resolve(step, () => {
      estimated = true;
      return null;
    });
    const text = JSON.stringify(step);
    if (text.length > DEFAULT_LIMITS.maxWriteBytes) throw new TreeError('too-large', 'too much JSON');
    return { step: JSON.parse(text), changes, estimated };
  }

  #resolve(step: WireStep, leafAt: (path: Path) => Leaf | null): Change[] {
    const { method, path } = step;
    const serverValues = { now: this.#now, existing: (relative: Path) => leafAt([...path, ...relative]) };
    switch (method) {
      case 'remove':
        return [{ path, value: null }];
      case 'update':
        return parseUpdate(path, step.value, { serverValues });
      case 'set':
        return [{ path, value: nodeFromJson(step.value, { depth: path.length, serverValues }) }];
      case 'push':
        throw new TypeError('a push without its key');
    }
  }
}

interface LocalStep {
  readonly step: WireStep;
  /** What it changes; of increments a first guess. */
  readonly changes: readonly Change[];
  /** Whether that depends on what is there. */
  readonly estimated: boolean;
}
