import { isValidKey } from '@backside/tree';
import type { JsonObject, JsonValue, Piece } from './piece.js';

/** A container that is open at the present place of the document. */
interface OpenContainer {
  readonly kind: 'object' | 'array';
  /** Its own key in the container above. */
  readonly key: string;
  /** Children that are complete and not yet handed out. */
  children: JsonObject;
  /** How many children an array has had. */
  length: number;
  /** Some of it has been handed out, so the rest must be handed out child by child. */
  split: boolean;
}

const SPECIAL_KEYS = new Set(['.value', '.priority', '.sv']);

/**
 * Builds the values of one document from its structure, and cuts it where it gets too large: a container is handed out
 * whole if it is complete before the next cut, else in pieces. Holds what came since the last cut, and no more.
 */
export class JsonSplitter {
  readonly #maxDepth: number;
  readonly #stack: OpenContainer[] = [];
  #pieces: Piece[] = [];
  #cutDue = false;

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  /** The document should be cut here, lest a later piece contradict one that waits. */
  get cutDue(): boolean {
    return this.#cutDue;
  }

  /** Why `key` cannot stand in the innermost container, or null. */
  refusal(key: string): string | null {
    return SPECIAL_KEYS.has(key) || isValidKey(key) ? null : `${JSON.stringify(key)} cannot be a key`;
  }

  /** A container begins; returns why it cannot, or null. */
  open(kind: OpenContainer['kind'], key: string | null): string | null {
    if (this.#stack.length > this.#maxDepth) return `more than ${this.#maxDepth} levels`;
    const own = this.#childKey(key);
    this.#stack.push({ kind, key: own, children: Object.create(null), length: 0, split: false });
    return null;
  }

  /** A value without children is complete. */
  add(key: string | null, value: JsonValue): void {
    const own = this.#childKey(key);
    const container = this.#stack.at(-1);
    if (container) container.children[own] = value;
    else this.#pieces.push({ keys: [], value });
  }

  /** The innermost container is complete; returns why that cannot be, or null. */
  close(): string | null {
    const closed = this.#stack.pop()!;
    const above = this.#stack.at(-1);
    if (!closed.split) {
      if (above) above.children[closed.key] = closed.children;
      else this.#pieces.push({ keys: [], value: closed.children });
      return null;
    }
    if ('.value' in closed.children) return 'a node with children has a ".value"';
    const keys = [...this.#keys(), ...(above ? [closed.key] : [])];
    for (const [key, value] of Object.entries(closed.children)) this.#pieces.push({ keys: [...keys, key], value });
    this.#cutDue = true;
    return null;
  }

  /** Hands out all that is complete. */
  cut(): readonly Piece[] {
    for (let depth = 0; depth < this.#stack.length; depth += 1) this.#cutContainer(depth);
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#cutDue = false;
    return pieces;
  }

  /** Whether any part of the document was handed out before the present place. */
  get split(): boolean {
    return this.#stack[0]?.split ?? false;
  }

  #cutContainer(depth: number): void {
    const container = this.#stack[depth]!;
    const keys = this.#keys(depth + 1);
    const kept: JsonObject = Object.create(null);
    for (const [key, value] of Object.entries(container.children)) {
      if (SPECIAL_KEYS.has(key)) {
        kept[key] = value;
        continue;
      }
      this.#pieces.push({ keys: [...keys, key], value });
      for (const open of this.#stack.slice(0, depth + 1)) open.split = true;
    }
    container.children = kept;
  }

  /** The path of the innermost container, or of the one that `levels` containers lead to. */
  #keys(levels: number = this.#stack.length): string[] {
    return this.#stack.slice(1, levels).map(({ key }) => key);
  }

  #childKey(key: string | null): string {
    const container = this.#stack.at(-1);
    if (container?.kind !== 'array') return key ?? '';
    container.length += 1;
    return String(container.length - 1);
  }
}
