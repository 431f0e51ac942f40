import type { PrivateTree, PrivateValue } from '@backside/auth';
import { encodeNode, type Node, nodeFromJson, type Path, UNLIMITED } from '@backside/tree';
import type { Pattern } from './pattern.js';
import { PLACES } from './places.js';

/** In place of a node whose JSON is larger than the bound. */
export const OVERSIZE: unique symbol = Symbol('oversize');
export type ShadowNode = Node | typeof OVERSIZE;

interface Changed {
  /** Where it is stored. */
  readonly path: Path;
  readonly node: ShadowNode;
  readonly text: string | null;
}

/** No node is encoded like this. */
const OVERSIZE_TEXT = 'oversize';
const PAGE = 500;

/**
 * The nodes that patterns name, as they were at the recorded position: what an event has as its `before`. Each is kept as one text, below
 * its pattern's id and the keys that stand for the wildcards. What a batch changes lies on top until it is stored.
 */
export class Shadow {
  readonly #tree: PrivateTree;
  readonly #maxBytes: number;
  /** By the stored path as text. Kept until the batch is stored. */
  readonly #changed = new Map<string, Changed>();
  #size = 0;

  constructor(tree: PrivateTree, maxBytes: number) {
    this.#tree = tree;
    this.#maxBytes = maxBytes;
  }

  get(pattern: Pattern, keys: readonly string[]): ShadowNode {
    const path = PLACES.shadow(pattern.id, keys);
    const changed = this.#changed.get(path.join('/'));
    return changed === undefined ? parseShadow(this.#tree.read(path)) : changed.node;
  }

  /** Puts a node in, or `OVERSIZE` in its place if it is too large; gives back which. */
  set(pattern: Pattern, keys: readonly string[], node: ShadowNode): ShadowNode {
    const path = PLACES.shadow(pattern.id, keys);
    const text = node === OVERSIZE ? OVERSIZE_TEXT : node === null ? null : encodeNode(node, 'export');
    const fits = text === null || Buffer.byteLength(text) <= this.#maxBytes;
    const entry: Changed = fits ? { path, node, text } : { path, node: OVERSIZE, text: OVERSIZE_TEXT };
    this.#changed.set(path.join('/'), entry);
    this.#size += entry.text?.length ?? 0;
    return entry.node;
  }

  /** The keys of all nodes of a pattern whose first wildcards stand for `first`. */
  *under(pattern: Pattern, first: readonly string[]): Generator<string[]> {
    for (const keys of this.#storedUnder(pattern, first)) {
      if (this.get(pattern, keys) !== null) yield keys;
    }
    const prefix = PLACES.shadow(pattern.id, first);
    for (const { path, node } of this.#changed.values()) {
      if (node !== null && path.length === PLACES.shadow(pattern.id, pattern.names).length && startsWith(path, prefix))
        yield path.slice(PLACES.shadow(pattern.id, []).length);
    }
  }

  *#storedUnder(pattern: Pattern, first: readonly string[]): Generator<string[]> {
    if (first.length === pattern.names.length) {
      yield [...first];
      return;
    }
    const path = PLACES.shadow(pattern.id, first);
    for (let page = this.#page(path); page.length > 0; page = this.#page(path, page.at(-1))) {
      for (const key of page) yield* this.#storedUnder(pattern, [...first, key]);
    }
  }

  #page(path: Path, after?: string): string[] {
    return this.#tree.keys(path, { limit: PAGE, after });
  }

  /** How many nodes have to be stored. */
  get count(): number {
    return this.#changed.size;
  }

  /** No less than the characters of what has to be stored. */
  get size(): number {
    return this.#size;
  }

  /** What has to be stored. */
  changes(): PrivateValue[] {
    return Array.from(this.#changed.values(), ({ path, text }) => ({ path, value: text }));
  }

  /** The changes are stored, or given up. */
  clear(): void {
    this.#changed.clear();
    this.#size = 0;
  }
}

function startsWith(path: Path, prefix: Path): boolean {
  return prefix.every((key, index) => path[index] === key);
}

function parseShadow(text: unknown): ShadowNode {
  if (typeof text !== 'string') return null;
  return text === OVERSIZE_TEXT ? OVERSIZE : nodeFromJson(JSON.parse(text), { limits: UNLIMITED });
}
