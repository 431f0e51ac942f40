import { foldCase } from './case-folding.js';
import { ANY, CLASSES, complementOf, makeCharSet, unionOf } from './char-set.js';
import { type CharSet, type RegexNode, type RegexPattern, RegexSyntaxError, type SetNode } from './regex-syntax.js';

/** The largest number in `{n}`, `{n,}` and `{n,m}`. */
const MAX_REPEAT = 1000;

/** How deep groups may lie in one another. */
const MAX_GROUPS = 100;

const COUNT = /\{([0-9]+)(?:(,)([0-9]+)?)?\}/y;

/**
 * Reads the grammar of the rules language: `^` and `$` at the ends of the pattern only, groups that capture nothing, greedy
 * quantifiers, sets, the classes `\s \w \d` and their opposites. Any other escape is the escaped character itself.
 * Throws `RegexSyntaxError`.
 */
export function parseRegex(source: string, options: { readonly ignoreCase: boolean }): RegexPattern {
  return new Parser(source, options.ignoreCase).parse();
}

/** What `{0}` leaves of its item. */
const EMPTY: RegexNode = { kind: 'sequence', items: [] };

class Parser {
  readonly #source: string;
  readonly #ignoreCase: boolean;
  #at = 0;
  #groups = 0;

  constructor(source: string, ignoreCase: boolean) {
    this.#source = source;
    this.#ignoreCase = ignoreCase;
  }

  parse(): RegexPattern {
    const anchoredStart = this.#take('^');
    const branches = this.#branches();
    const anchoredEnd = this.#take('$');
    if (this.#at < this.#source.length) throw this.#unexpected();
    return { body: oneOfBranches(branches), anchoredStart, anchoredEnd, branches: branches.length };
  }

  #branches(): RegexNode[] {
    const branches = [this.#sequence()];
    while (this.#take('|')) branches.push(this.#sequence());
    return branches;
  }

  #sequence(): RegexNode {
    const items: RegexNode[] = [];
    while (!this.#atEndOfSequence()) items.push(this.#quantified());
    if (items.length === 0) throw this.#error('nothing to match; an alternative cannot be empty');
    return items.length === 1 ? items[0]! : { kind: 'sequence', items };
  }

  #atEndOfSequence(): boolean {
    const next = this.#source[this.#at];
    return next === undefined || next === '|' || next === ')' || this.#atFinalDollar();
  }

  #atFinalDollar(): boolean {
    return this.#groups === 0 && this.#at === this.#source.length - 1 && this.#source[this.#at] === '$';
  }

  #quantified(): RegexNode {
    const item = this.#atom();
    const offset = this.#at;
    const bounds = this.#quantifier();
    if (bounds === null) return item;
    if ('*+?{'.includes(this.#source[this.#at] ?? ' ')) throw this.#error('a quantifier after a quantifier');
    const [min, max] = bounds;
    return max === 0 || isEmpty(item) ? EMPTY : { kind: 'repeat', item, min, max, offset };
  }

  #quantifier(): [number, number] | null {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#take('?')) return [0, 1];
    return this.#source[this.#at] === '{' ? this.#count() : null;
  }

  #count(): [number, number] {
    COUNT.lastIndex = this.#at;
    const match = COUNT.exec(this.#source);
    if (match === null) throw this.#error('a count is {n}, {n,} or {n,m}; a literal { is written \\{');
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === undefined ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Number.POSITIVE_INFINITY)) {
      throw this.#error(`a count of more than ${MAX_REPEAT}`);
    }
    if (min > max) throw this.#error('a count whose bounds are out of order');
    this.#at += match[0].length;
    return [min, max];
  }

  #atom(): RegexNode {
    const character = this.#source[this.#at]!;
    if (character === '(') return this.#group();
    if (character === '[') return this.#set();
    if ('^$*+?{'.includes(character)) throw this.#unexpected();
    if (character === '\\') return this.#oneOf(this.#escape());
    this.#at++;
    return this.#oneOf(character === '.' ? ANY : single(character.charCodeAt(0)));
  }

  #group(): RegexNode {
    const opening = this.#at++;
    if (this.#source[this.#at] === '?') throw this.#error('(?…) has no meaning here; a literal ? is written \\?');
    this.#groups++;
    if (this.#groups > MAX_GROUPS) throw this.#error(`more than ${MAX_GROUPS} groups in one another`);
    const body = oneOfBranches(this.#branches());
    if (!this.#take(')')) throw this.#closing(opening);
    this.#groups--;
    return body;
  }

  #closing(opening: number): RegexSyntaxError {
    if (this.#at < this.#source.length) return this.#unexpected();
    return new RegexSyntaxError('a group that is not closed', opening);
  }

  #set(): RegexNode {
    const opening = this.#at++;
    const negated = this.#take('^');
    const parts: CharSet[] = [];
    while (this.#source[this.#at] !== ']') {
      if (this.#at >= this.#source.length) throw new RegexSyntaxError('a set that is not closed', opening);
      parts.push(this.#setItem());
    }
    if (parts.length === 0) throw new RegexSyntaxError('an empty set', opening);
    this.#at++;
    const set = this.#folded(unionOf(parts));
    return { kind: 'set', set: negated ? complementOf(set) : set };
  }

  /** A character, a class or a range. A `-` that stands first, last or after a class is a character. */
  #setItem(): CharSet {
    const offset = this.#at;
    const first = this.#setCharacter();
    if (!isSingle(first)) return first;
    if (this.#source[this.#at] !== '-' || (this.#source[this.#at + 1] ?? ']') === ']') return first;
    this.#at++;
    const last = this.#setCharacter();
    if (!isSingle(last)) {
      throw new RegexSyntaxError('a range up to a class; a literal - is written \\-', offset);
    }
    if (last[0]! < first[0]!) throw new RegexSyntaxError('a range whose ends are out of order', offset);
    return [first[0]!, last[0]!];
  }

  #setCharacter(): CharSet {
    if (this.#source[this.#at] === '\\') return this.#escape();
    return single(this.#source.charCodeAt(this.#at++));
  }

  #escape(): CharSet {
    const character = this.#source[this.#at + 1];
    if (character === undefined) throw this.#error('a backslash that escapes nothing');
    this.#at += 2;
    return CLASSES.get(character) ?? single(character.charCodeAt(0));
  }

  #oneOf(set: CharSet): SetNode {
    return { kind: 'set', set: this.#folded(set) };
  }

  #folded(set: CharSet): CharSet {
    return this.#ignoreCase ? foldCase(set) : set;
  }

  #take(character: string): boolean {
    if (this.#source[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #unexpected(): RegexSyntaxError {
    const character = this.#source[this.#at]!;
    if (character === ')') return this.#error('a ) without its (');
    if (character === '^')
      return this.#error('^ stands at the beginning of the pattern only; a literal one is written \\^');
    if (character === '$') return this.#error('$ stands at the end of the pattern only; a literal one is written \\$');
    return this.#error(`nothing before ${character} to repeat; a literal one is written \\${character}`);
  }

  #error(message: string): RegexSyntaxError {
    return new RegexSyntaxError(message, this.#at);
  }
}

function oneOfBranches(branches: readonly RegexNode[]): RegexNode {
  return branches.length === 1 ? branches[0]! : { kind: 'alternatives', branches };
}

function single(unit: number): CharSet {
  return makeCharSet([[unit, unit]]);
}

function isSingle(set: CharSet): boolean {
  return set.length === 2 && set[0] === set[1];
}

function isEmpty(node: RegexNode): boolean {
  return node.kind === 'sequence'
    ? node.items.every(isEmpty)
    : node.kind === 'alternatives' && node.branches.every(isEmpty);
}
