import type { Json } from '@backside/tree';
import { toBool, toList, toNumber, toText } from './coercion.js';

/** The parameters of one request, from its query or its body, as the client named them. */
export class Params {
  readonly #values: ReadonlyMap<string, Json>;

  constructor(values: Iterable<readonly [string, Json]>) {
    this.#values = new Map(values);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** As it came: a text from queries and forms, any JSON from a JSON body; undefined if there is none. */
  get(name: string): Json | undefined {
    return this.#values.get(name);
  }

  /** Empty if there is none. */
  text(name: string): string {
    return toText(this.#values.get(name));
  }

  /** `otherwise` if there is none, or no number. */
  number(name: string, otherwise = 0): number {
    return toNumber(this.#values.get(name), otherwise);
  }

  bool(name: string): boolean {
    return toBool(this.#values.get(name));
  }

  /** Separated by commas or pipes; without empty entries. */
  list(name: string): string[] {
    return toList(this.#values.get(name));
  }

  /** What may name columns of rows: everything that does not begin with an underscore. */
  columns(): Map<string, Json> {
    return new Map([...this.#values].filter(([name]) => !name.startsWith('_')));
  }

  /** Whether any name begins with an underscore. */
  get hasControls(): boolean {
    for (const name of this.#values.keys()) if (name.startsWith('_')) return true;
    return false;
  }

  /** The same without those of which `drop` is true. */
  without(drop: (name: string) => boolean): Params {
    if (this.#values.size === 0) return this;
    return new Params([...this.#values].filter(([name]) => !drop(name)));
  }
}
