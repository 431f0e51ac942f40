/** The syntax tree of a regular expression. Anchors stand beside it, since they are allowed at the ends of the whole pattern only. */
export type RegexNode = SetNode | SequenceNode | AlternativesNode | RepeatNode;

/** One code unit out of a set. */
export interface SetNode {
  readonly kind: 'set';
  readonly set: CharSet;
}

interface SequenceNode {
  readonly kind: 'sequence';
  readonly items: readonly RegexNode[];
}

interface AlternativesNode {
  readonly kind: 'alternatives';
  readonly branches: readonly RegexNode[];
}

export interface RepeatNode {
  readonly kind: 'repeat';
  readonly item: RegexNode;
  readonly min: number;
  /** `Infinity` for no bound. */
  readonly max: number;
  /** Of the quantifier, in the pattern. */
  readonly offset: number;
}

export interface RegexPattern {
  readonly body: RegexNode;
  /** `^` and `$` bind the whole pattern: `^a|b$` is `^(a|b)$`. */
  readonly anchoredStart: boolean;
  readonly anchoredEnd: boolean;
  /** How many alternatives stand outside of any group. */
  readonly branches: number;
}

/** A set of code units as ranges: `[from, to, from, to, …]`, both included, in order, with a gap between neighbours. */
export type CharSet = readonly number[];

/** A pattern outside of the grammar, or one that would need too many states. */
export class RegexSyntaxError extends Error {
  /** In the pattern, from 0. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'RegexSyntaxError';
    this.offset = offset;
  }
}
