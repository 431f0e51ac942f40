import type { Random } from '../random.js';
import type { Condition, Step, Write } from './history.js';

/** What a writer knows of a path that it is about to write on a condition. */
export interface Knowledge {
  readonly revision: number;
  readonly value: string | null;
}

/** Few paths, so that writers meet. */
const PLACES = 4;

/** Listened to besides the whole tree. */
export const FOLDERS: readonly string[] = ['/reg', '/left', '/count', '/cas'];

/** Makes writes of every kind; each has a number of its own, which is in all that it sets or adds. */
export class Workload {
  readonly #random: Random;
  #count: number;

  constructor(random: Random) {
    this.#random = random;
    // What an earlier run left in the tree must not be taken for a write of this one.
    this.#count = random.between(1, 1_000_000) * 1_000;
  }

  /** A path that is only ever written on a condition. */
  conditionalPath(): string {
    return this.#place('/cas/x');
  }

  unconditional(): Write {
    const kinds = [
      (id: string) => [{ path: this.#place('/reg/r'), value: id }],
      (id: string) => this.#pair(id),
      (id: string) => this.#move(id),
      () => [{ path: this.#place('/count/c'), increment: this.#count }],
      (id: string) => [...this.#pair(id), { path: this.#place('/count/c'), increment: this.#count }],
    ];
    return this.#write(this.#random.pick(kinds));
  }

  /** Sets `path` if it is still as it was known, half of the time by its revision and half by its value; at times a second path with it. */
  conditional(path: string, known: Knowledge): Write {
    const byRevision = known.value === null || this.#random.next() < 0.5;
    const condition: Condition = byRevision ? { path, revision: known.revision } : { path, value: known.value };
    const both = this.#random.next() < 0.3;
    const steps = (id: string): Step[] => [
      { path, value: id },
      ...(both ? [{ path: path.replace('/cas/', '/with/'), value: id }] : []),
    ];
    return this.#write(steps, [condition]);
  }

  /** A write that is sure to touch the folder. */
  touching(folder: string): Write {
    const places: Readonly<Record<string, (id: string) => Step[]>> = {
      '/left': (id) => this.#pair(id),
      '/count': () => [{ path: '/count/c0', increment: this.#count }],
      '/cas': (id) => [{ path: '/cas/x0', value: id }],
    };
    return this.#write(places[folder] ?? ((id) => [{ path: '/reg/r0', value: id }]));
  }

  #write(steps: (id: string) => Step[], conditions: readonly Condition[] = []): Write {
    this.#count += 1;
    const id = `w${this.#count}`;
    return { id, steps: steps(id), conditions };
  }

  #pair(id: string): Step[] {
    const place = this.#random.between(0, PLACES);
    return [
      { path: `/left/p${place}`, value: id },
      { path: `/right/p${place}`, value: id },
    ];
  }

  #move(id: string): Step[] {
    const place = this.#random.between(0, PLACES);
    return [
      { path: `/reg/r${place}`, value: null },
      { path: `/moved/r${place}`, value: id },
    ];
  }

  #place(prefix: string): string {
    return `${prefix}${this.#random.between(0, PLACES)}`;
  }
}
