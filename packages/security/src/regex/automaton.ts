import { Alphabet } from './alphabet.js';
import { containsUnit } from './char-set.js';
import { MATCH, type Program } from './program.js';
import type { CharSet } from './regex-syntax.js';

/** How much the remembered states of one automaton may hold: states of the program and transitions, 4 to 8 bytes each. */
const MEMORY = 1 << 17;

/** How many new states go unremembered before a full memory is cleared: what is remembered must pay for itself. */
const PAUSE = 4096;

export interface Anchors {
  readonly anchoredStart: boolean;
  readonly anchoredEnd: boolean;
}

/** How much may be spent on texts that lead a pattern where it never was: states of the program that are looked at. */
export interface RegexAllowance {
  regexWorkLeft: number;
}

/** Everywhere the program can be after some text. */
interface State {
  /** States of the program that consume; in ascending order if remembered. */
  readonly members: Int32Array;
  /** Whether the text so far matches up to here. */
  readonly matches: boolean;
  /** The answer, if no further text can change it. */
  readonly verdict: boolean | null;
  /** By letter; null for a state that is not remembered. */
  readonly next: (State | undefined)[] | null;
}

/**
 * Runs a program over texts. Transitions are worked out when first needed and remembered up to a bound; while the memory
 * is full they are worked out each time. So a text costs at most O(its length × the states of the program), for any pattern.
 */
export class Automaton {
  readonly #program: Program;
  readonly #anchors: Anchors;
  readonly #alphabet: Alphabet;
  readonly #marks: Uint32Array;
  #mark = 0;
  #known: Map<string, State> = new Map();
  #spent = 0;
  #unremembered = 0;
  #start: State | null = null;
  #work = 0;

  constructor(program: Program, anchors: Anchors) {
    this.#program = program;
    this.#anchors = anchors;
    this.#alphabet = new Alphabet(new Set(program.sets.filter((set): set is CharSet => set !== null)));
    this.#marks = new Uint32Array(program.sets.length);
  }

  /** How many states of the program were looked at so far. */
  get work(): number {
    return this.#work;
  }

  test(text: string): boolean {
    return this.testWithin(text, { regexWorkLeft: Number.POSITIVE_INFINITY }) === true;
  }

  testWithin(text: string, allowance: RegexAllowance): boolean | null {
    const before = this.#work;
    const most = before + allowance.regexWorkLeft;
    this.#start ??= this.#enter([this.#program.start]);
    let state = this.#start;
    for (let i = 0; i < text.length && state.verdict === null && this.#work <= most; i++) {
      const letter = this.#alphabet.letterOf(text.charCodeAt(i));
      state = state.next?.[letter] ?? this.#step(state, letter);
    }
    allowance.regexWorkLeft -= this.#work - before;
    return this.#work > most ? null : (state.verdict ?? state.matches);
  }

  #step(state: State, letter: number): State {
    const { sets, next, start } = this.#program;
    const unit = this.#alphabet.unitOf(letter);
    const targets: number[] = this.#anchors.anchoredStart ? [] : [start];
    for (const member of state.members) if (containsUnit(sets[member]!, unit)) targets.push(next[member]!);
    this.#work += state.members.length;
    const found = this.#enter(targets);
    if (state.next !== null) state.next[letter] = found;
    return found;
  }

  /** The state of being at all of `targets`. */
  #enter(targets: number[]): State {
    const { sets, next, other } = this.#program;
    const members: number[] = [];
    let matches = false;
    this.#mark++;
    for (let target = targets.pop(); target !== undefined; target = targets.pop()) {
      if (target === MATCH) {
        matches = true;
        continue;
      }
      if (this.#marks[target] === this.#mark) continue;
      this.#marks[target] = this.#mark;
      this.#work++;
      if (sets[target] === null) targets.push(next[target]!, other[target]!);
      else members.push(target);
    }
    return this.#remember(Int32Array.from(members), matches);
  }

  #remember(members: Int32Array, matches: boolean): State {
    const verdict = this.#verdict(members, matches);
    if (this.#spent >= MEMORY && !this.#endOfPause()) return { members, matches, verdict, next: null };
    const key = `${matches}${members.sort().join()}`;
    let state = this.#known.get(key);
    if (state === undefined) {
      state = { members, matches, verdict, next: new Array<State | undefined>(this.#alphabet.size) };
      this.#known.set(key, state);
      this.#spent += members.length + this.#alphabet.size;
    }
    return state;
  }

  /** Whether the memory is clear now. */
  #endOfPause(): boolean {
    this.#unremembered++;
    if (this.#unremembered <= PAUSE) return false;
    this.#known = new Map();
    this.#start = null;
    this.#spent = 0;
    this.#unremembered = 0;
    return true;
  }

  #verdict(members: Int32Array, matches: boolean): boolean | null {
    if (matches && !this.#anchors.anchoredEnd) return true;
    return members.length === 0 && this.#anchors.anchoredStart && !matches ? false : null;
  }
}
