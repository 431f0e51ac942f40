import type { ReceivedFrame } from '../harness/stomp-reader.js';
import { isObject, type Json, type JsonObject, keysOf, withPut } from './json-tree.js';

/** What a subscriber knows: the tree below its path, built from nothing but the events that it got. */
export class SubscriberModel {
  readonly #root: string[];
  #value: Json = null;

  constructor(path: string) {
    this.#root = keysOf(path);
  }

  get value(): Json {
    return this.#value;
  }

  at(path: string): Json {
    let value = this.#value;
    for (const key of keysOf(path)) value = isObject(value) ? (value[key] ?? null) : null;
    return value;
  }

  /** Applies one MESSAGE: a `put` at its destination, or the relative paths of a `patch` below it. */
  apply(frame: ReceivedFrame): void {
    const body = JSON.parse(frame.text) as Json;
    const base = keysOf(frame.headers.get('destination') ?? '').slice(this.#root.length);
    if (frame.headers.get('event') === 'patch') {
      for (const [relative, value] of Object.entries(body as JsonObject))
        this.#put([...base, ...keysOf(relative)], value);
    } else {
      this.#put(base, body);
    }
  }

  #put(keys: readonly string[], value: Json): void {
    this.#value = withPut(this.#value, keys, value);
  }
}
