/**
 * A sequence of buffers that grows at its end, as a node of a trie: appending the same buffer to the same node gives the
 * same node again. Connections that are to get the same frames within a tick therefore end up at one shared node, and the
 * buffers are joined once for all of them.
 */
export class OutChain {
  readonly parent: OutChain | null;
  readonly buffer: Uint8Array;
  /** Octets in this buffer and all before it. */
  readonly byteLength: number;
  /** Octets in the largest of them. */
  readonly largest: number;
  #joined: Uint8Array | null = null;
  /** The latest shared successor. Almost always the only one. */
  #next: OutChain | null = null;
  #others: Map<Uint8Array, OutChain> | null = null;

  private constructor(parent: OutChain | null, buffer: Uint8Array) {
    this.parent = parent;
    this.buffer = buffer;
    const bytes = buffer.byteLength;
    this.byteLength = parent === null ? bytes : parent.byteLength + bytes;
    this.largest = parent === null || parent.largest < bytes ? bytes : parent.largest;
  }

  /** The empty sequence. Dropping it lets go of all that was appended to it. */
  static root(): OutChain {
    return new OutChain(null, EMPTY);
  }

  /** The sequence with `buffer`, which other connections get as well, at its end. */
  append(buffer: Uint8Array): OutChain {
    const next = this.#next;
    if (next !== null) {
      if (next.buffer === buffer) return next;
      const known = this.#others?.get(buffer);
      if (known !== undefined) return known;
      this.#others ??= new Map();
      this.#others.set(next.buffer, next);
    }
    const created = new OutChain(this, buffer);
    this.#next = created;
    return created;
  }

  /** The sequence with `buffer`, which nobody else gets, at its end. */
  appendPrivate(buffer: Uint8Array): OutChain {
    return new OutChain(this, buffer);
  }

  /** All buffers as one. Made once; callers must not write into it. */
  joined(): Uint8Array {
    if (this.#joined !== null) return this.#joined;
    const parent = this.parent;
    if (parent === null || parent.parent === null) this.#joined = this.buffer;
    else this.#joined = this.#join();
    return this.#joined;
  }

  #join(): Uint8Array {
    const joined = Buffer.allocUnsafe(this.byteLength);
    for (let node: OutChain | null = this; node !== null; node = node.parent) {
      joined.set(node.buffer, node.byteLength - node.buffer.byteLength);
    }
    return joined;
  }

  /** The buffers one by one, in order. */
  buffers(): Uint8Array[] {
    const buffers: Uint8Array[] = [];
    for (let node: OutChain = this; node.parent !== null; node = node.parent) buffers.push(node.buffer);
    return buffers.reverse();
  }
}

const EMPTY = new Uint8Array(0);
