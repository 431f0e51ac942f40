import { type CharSet, type RegexNode, type RegexPattern, RegexSyntaxError, type RepeatNode } from './regex-syntax.js';

/** The most states that a pattern may need once its counted repeats are written out. */
const MAX_STATES = 5000;

/**
 * A Thompson automaton. State `i` either consumes one unit of `sets[i]` and goes on at `next[i]`, or, where `sets[i]` is null, goes on
 * at `next[i]` and at `other[i]` without consuming. `MATCH` is the end.
 */
export interface Program {
  readonly start: number;
  readonly sets: readonly (CharSet | null)[];
  readonly next: readonly number[];
  readonly other: readonly number[];
}

export const MATCH = -1;

/** Throws `RegexSyntaxError`, before anything is built, if the pattern needs more than `MAX_STATES`. */
export function buildProgram(pattern: RegexPattern): Program {
  if (statesOf(pattern.body) > MAX_STATES) {
    throw new RegexSyntaxError(`a pattern that takes more than ${MAX_STATES} states`, 0);
  }
  const builder = new Builder();
  const start = builder.add(pattern.body, MATCH);
  return { start, sets: builder.sets, next: builder.next, other: builder.other };
}

/** How many states `node` needs at most. */
function statesOf(node: RegexNode): number {
  switch (node.kind) {
    case 'set':
      return 1;
    case 'sequence':
      return sum(node.items.map(statesOf));
    case 'alternatives':
      return sum(node.branches.map(statesOf)) + node.branches.length - 1;
    case 'repeat':
      return statesOfRepeat(node);
  }
}

function statesOfRepeat({ item, min, max, offset }: RepeatNode): number {
  const each = statesOf(item);
  const states = max === Number.POSITIVE_INFINITY ? each * Math.max(min, 1) + 1 : each * max + (max - min);
  if (states > MAX_STATES) throw new RegexSyntaxError(`a repeat that takes more than ${MAX_STATES} states`, offset);
  return states;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Builds from the end to the beginning: each part is told where to go on. */
class Builder {
  readonly sets: (CharSet | null)[] = [];
  readonly next: number[] = [];
  readonly other: number[] = [];

  /** The state at which `node`, followed by `then`, begins. */
  add(node: RegexNode, then: number): number {
    switch (node.kind) {
      case 'set':
        return this.#state(node.set, { next: then, other: then });
      case 'sequence':
        return node.items.reduceRight((after, item) => this.add(item, after), then);
      case 'alternatives':
        return node.branches
          .map((branch) => this.add(branch, then))
          .reduceRight((rest, branch) => this.#state(null, { next: branch, other: rest }));
      case 'repeat':
        return this.#repeat(node, then);
    }
  }

  #repeat({ item, min, max }: RepeatNode, then: number): number {
    const unbounded = max === Number.POSITIVE_INFINITY;
    let start = unbounded ? this.#loop(item, { min, then }) : then;
    for (let optional = unbounded ? 0 : max - min; optional > 0; optional--) {
      start = this.#state(null, { next: this.add(item, start), other: then });
    }
    const copies = unbounded ? Math.max(min - 1, 0) : min;
    for (let count = 0; count < copies; count++) start = this.add(item, start);
    return start;
  }

  /** One copy of `item` that may follow itself; with `min` 0 it may also be passed by. */
  #loop(item: RegexNode, { min, then }: { min: number; then: number }): number {
    const fork = this.#state(null, { next: then, other: then });
    const body = this.add(item, fork);
    this.next[fork] = body;
    return min === 0 ? fork : body;
  }

  #state(set: CharSet | null, { next, other }: { next: number; other: number }): number {
    this.next.push(next);
    this.other.push(other);
    return this.sets.push(set) - 1;
  }
}
