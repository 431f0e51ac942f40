import { streamTreeJson } from '@backside/store';
import {
  BigMap,
  compareKeys,
  encodeLeaf,
  encodeNode,
  type Format,
  type Path,
  type Priority,
  sortedKeys,
  type TreeReader,
} from '@backside/tree';
import type { Environment } from './environment.js';
import type { HeldView } from './held-view.js';
import { JsonChunks } from './json-chunks.js';
import type { NodeKey } from './node-key.js';
import { decodePacked, decodeSplit, SPLIT_MARK, type SplitRecord, UNLIKE_MARK } from './record.js';

const ARRAY_INDEX = /^(?:0|[1-9]\d{0,9})$/;
const OPEN = 0x7b;
const COMMA = 0x2c;
const NONE: readonly string[] = [];

/**
 * The node at `path` as JSON text in UTF-8, in chunks of up to 64 KiB, exactly as `encodeNode` would write it. What no overlay
 * touches is copied from the records as it is. Holds two chunks and one cursor per level, whatever the size of the tree.
 */
export function* streamJson(view: HeldView, path: Path, format: Format): Generator<Uint8Array, undefined> {
  const stream = new JsonStream(view, format);
  stream.enter(path);
  while (stream.advance()) yield* stream.chunks.take();
  stream.chunks.end();
  yield* stream.chunks.take();
}

/** Something that is being written, piece by piece. */
interface Part {
  /** Writes until a chunk is full or a part inside it has to go first. Returns whether it is complete. */
  advance(): boolean;
}

class JsonStream {
  readonly view: HeldView;
  readonly format: Format;
  readonly chunks: JsonChunks = new JsonChunks();
  /** The innermost part last. */
  readonly #parts: Part[] = [];

  constructor(view: HeldView, format: Format) {
    this.view = view;
    this.format = format;
  }

  /** Returns false once everything is written. */
  advance(): boolean {
    const part = this.#parts.at(-1);
    if (!part) return false;
    if (part.advance()) this.#parts.pop();
    return true;
  }

  /** Begins the value at `path`. */
  enter(path: Path): void {
    const touched = this.view.touchedChildren(path);
    const located = touched === 'all' ? null : this.view.snapshot.locate(path);
    if (touched === 'all' || !located || !('split' in located) || this.#isArray(this.view.reader, path)) {
      this.#enterText(this.view.reader, path);
      return;
    }
    const glance = this.view.reader.glance(path);
    const priority = glance instanceof BigMap ? glance.priority : null;
    this.#parts.push(new SplitPart(this, { ...located.split, priority }, { path, touched: sortedKeys(touched) }));
  }

  /** Begins a split map of the snapshot that no overlay touches. */
  enterSplit(split: SplitRecord, path: Path): void {
    if (this.#isArray(this.view.snapshot, path)) {
      this.#enterText(this.view.snapshot, path);
      return;
    }
    this.#parts.push(new SplitPart(this, split, { path, touched: NONE }));
  }

  #enterText(reader: TreeReader, path: Path): void {
    this.#parts.push(new TextPart(this.chunks, streamTreeJson(reader, path, this.format)));
  }

  #isArray(reader: TreeReader, path: Path): boolean {
    return this.format === 'val' && isArrayLike(reader, path);
  }
}

/** What comes as text from elsewhere. */
class TextPart implements Part {
  readonly #chunks: JsonChunks;
  readonly #texts: Iterator<Uint8Array>;

  constructor(chunks: JsonChunks, texts: Iterator<Uint8Array>) {
    this.#chunks = chunks;
    this.#texts = texts;
  }

  advance(): boolean {
    const next = this.#texts.next();
    if (!next.done) this.#chunks.bytes(next.value, 0);
    return next.done === true;
  }
}

/** A map of the snapshot that is split, with those of its children in place of the records that an overlay may change. */
class SplitPart implements Part {
  readonly #stream: JsonStream;
  readonly #path: Path;
  readonly #priority: Priority;
  readonly #nodes: Environment['nodes'];
  readonly #records: Iterator<{ key: string; value: Buffer }>;
  /** In key order; those before `#nextTouched` are done. */
  readonly #touched: readonly string[];
  #nextTouched = 0;
  /** The record that was read last; null after the last one. */
  #record: { key: string; value: Buffer } | null = null;
  #size = 0;
  /** Whether it still has to be written, since a touched child came before it. */
  #waiting = false;
  #lead = OPEN;

  constructor(stream: JsonStream, split: SplitRecord, { path, touched }: { path: Path; touched: readonly string[] }) {
    this.#stream = stream;
    this.#path = path;
    this.#priority = split.priority;
    this.#touched = touched;
    const { environment, transaction } = stream.view.snapshot;
    this.#nodes = environment.nodes;
    this.#records = this.#nodes.getRange({ ...childrenOf(split.id), transaction })[Symbol.iterator]();
  }

  advance(): boolean {
    const { chunks } = this.#stream;
    while (!chunks.isFull) {
      if (!this.#waiting) this.#read();
      this.#waiting = false;
      if (this.#nextTouched < this.#touched.length && this.#takeTouched()) return false;
      if (this.#record === null) return this.#end();
      if (this.#write(this.#record)) return false;
    }
    return false;
  }

  #read(): void {
    const next = this.#records.next();
    this.#record = next.done ? null : next.value;
    this.#size = this.#nodes.lastSize;
  }

  /** Takes the next touched child if it comes before the record or in its place. Then reads follow that overwrite its value. */
  #takeTouched(): boolean {
    const key = this.#touched[this.#nextTouched]!;
    const order = this.#record ? compareKeys(key, this.#record.key) : -1;
    if (order > 0) return false;
    this.#nextTouched++;
    this.#waiting = order < 0;
    if (this.#record && this.#waiting) {
      this.#record = { key: this.#record.key, value: Buffer.from(this.#record.value.subarray(0, this.#size)) };
    }
    const path = [...this.#path, key];
    if (this.#stream.view.reader.glance(path) !== null) {
      this.#name(key);
      this.#stream.enter(path);
    }
    return true;
  }

  /** Writes one child. Returns whether it is a part of its own, which has to go first. */
  #write({ key, value }: { key: string; value: Buffer }): boolean {
    const { chunks, format } = this.#stream;
    this.#name(key);
    const first = value[0];
    if (first === SPLIT_MARK) {
      this.#stream.enterSplit(decodeSplit(value, this.#size), [...this.#path, key]);
      return true;
    }
    if (first !== UNLIKE_MARK) chunks.bytes(value, 0, this.#size);
    else if (format === 'export') chunks.bytes(value, 1, this.#size);
    else chunks.text(encodeNode(decodePacked(value, this.#size), format));
    return false;
  }

  #name(key: string): void {
    this.#stream.chunks.name(this.#lead, key);
    this.#lead = COMMA;
  }

  #end(): true {
    const { chunks, format } = this.#stream;
    const showsPriority = format === 'export' && this.#priority !== null;
    chunks.text(showsPriority ? `,".priority":${encodeLeaf(this.#priority)}}` : '}');
    return true;
  }
}

function childrenOf(id: number): { start: NodeKey; end: NodeKey } {
  return { start: { id, key: '' }, end: { id: id + 1, key: '' } };
}

/** Whether the `val` form shows the map at `path` as an array. Its last key mostly tells. */
function isArrayLike(reader: TreeReader, path: Path): boolean {
  let last = '';
  for (const [key] of reader.children(path, { reverse: true, limit: 1 })) last = key;
  if (!ARRAY_INDEX.test(last)) return false;
  let count = 0;
  for (const [key] of reader.children(path)) {
    if (!ARRAY_INDEX.test(key)) return false;
    count++;
  }
  return Number(last) < 2 * count;
}
