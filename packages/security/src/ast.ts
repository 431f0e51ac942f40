/**
 * The syntax tree of one rule expression. `start` and `end` are offsets in UTF-16 units into the decoded expression: the node's
 * text is `source.slice(start, end)`, without parentheses around it.
 */
export type Expression =
  | Literal
  | RegexLiteral
  | ArrayLiteral
  | Variable
  | Unary
  | Binary
  | Logical
  | Ternary
  | Member
  | Index
  | Call;

interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Literal extends Span {
  readonly kind: 'literal';
  readonly value: boolean | number | string | null;
}

export interface RegexLiteral extends Span {
  readonly kind: 'regex';
  /** As written between the slashes; it begins at `start + 1`. */
  readonly body: string;
  readonly flags: string;
}

export interface ArrayLiteral extends Span {
  readonly kind: 'array';
  readonly elements: readonly Expression[];
}

/** `auth now root data newData query` or `$name`, the dollar sign included. */
export interface Variable extends Span {
  readonly kind: 'variable';
  readonly name: string;
}

interface Unary extends Span {
  readonly kind: 'unary';
  readonly operator: '!' | '-';
  readonly operand: Expression;
}

export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

/** `===` and `!==` are read as `==` and `!=`. */
export interface Binary extends Span {
  readonly kind: 'binary';
  readonly operator: ComparisonOperator | ArithmeticOperator;
  readonly left: Expression;
  readonly right: Expression;
}

/** `a && b && c` or `a || b || c`: two operands or more, so that long chains do not make deep trees. */
export interface Logical extends Span {
  readonly kind: 'logical';
  readonly operator: '&&' | '||';
  readonly operands: readonly Expression[];
}

export interface Ternary extends Span {
  readonly kind: 'ternary';
  readonly test: Expression;
  readonly whenTrue: Expression;
  readonly whenFalse: Expression;
}

/** `object.name`, or `object['name']` with a literal. */
export interface Member extends Span {
  readonly kind: 'member';
  readonly object: Expression;
  readonly name: string;
  /** Where the name begins. */
  readonly nameStart: number;
}

/** `object[index]` where the index is anything but a string literal. */
export interface Index extends Span {
  readonly kind: 'index';
  readonly object: Expression;
  readonly index: Expression;
}

/** `object.name(…)` or `object['name'](…)`. */
export interface Call extends Span {
  readonly kind: 'call';
  readonly object: Expression;
  readonly name: string;
  readonly nameStart: number;
  readonly args: readonly Expression[];
}

/** The direct sub-expressions, in the order of the text. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'regex':
    case 'variable':
      return [];
    case 'array':
      return expression.elements;
    case 'unary':
      return [expression.operand];
    case 'binary':
      return [expression.left, expression.right];
    case 'logical':
      return expression.operands;
    case 'ternary':
      return [expression.test, expression.whenTrue, expression.whenFalse];
    case 'member':
      return [expression.object];
    case 'index':
      return [expression.object, expression.index];
    case 'call':
      return [expression.object, ...expression.args];
  }
}
