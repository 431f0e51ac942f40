import {
  type Binary,
  type Call,
  childrenOf,
  type Expression,
  type Index,
  type Literal,
  type Logical,
  type Member,
  type Ternary,
} from './ast.js';
import { ExpressionError } from './expression-error.js';
import { type Token, tokenize } from './lexer.js';

/** In UTF-16 code units. */
export const MAX_EXPRESSION_LENGTH = 65_536;

/** How deep parentheses, operators and calls may lie in one another. A chain of `&&` or of `||` is one level. */
const MAX_NESTING = 200;

const LOGICAL_POWER: ReadonlyMap<string, number> = new Map([
  ['||', 1],
  ['&&', 2],
]);
const BINARY_POWER: ReadonlyMap<string, number> = new Map([
  ...['==', '===', '!=', '!=='].map((operator): [string, number] => [operator, 3]),
  ...['<', '<=', '>', '>='].map((operator): [string, number] => [operator, 4]),
  ...['+', '-'].map((operator): [string, number] => [operator, 5]),
  ...['*', '/', '%'].map((operator): [string, number] => [operator, 6]),
]);
const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** The syntax tree of a rule's expression. Linear in the text, and safe for the stack. Throws `ExpressionError`. */
export function parseExpression(source: string): Expression {
  if (source.length > MAX_EXPRESSION_LENGTH) {
    const message = `an expression of more than ${MAX_EXPRESSION_LENGTH} characters`;
    throw new ExpressionError('too-large', message, { offset: 0 });
  }
  return new Parser(tokenize(source)).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #heights: Map<Expression, number> = new Map();
  #at = 0;
  #nesting = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Expression {
    if (this.#tokens.length === 1) {
      throw new ExpressionError('syntax', 'the expression is empty', { offset: 0, hint: 'write true or false' });
    }
    const expression = this.#expression();
    if (this.#current.kind !== 'end') throw this.#unexpected('the expression should end here');
    return expression;
  }

  #expression(): Expression {
    return this.#nested(() => {
      const { start } = this.#current;
      const test = this.#operation(1);
      if (!this.#accept('?')) return test;
      const whenTrue = this.#expression();
      this.#expect(':', 'a ? needs a : and what to take otherwise');
      const whenFalse = this.#expression();
      const ternary: Ternary = { kind: 'ternary', test, whenTrue, whenFalse, start, end: this.#end };
      return this.#made(ternary);
    });
  }

  /** A chain of operators that bind at least as strongly as `power`. */
  #operation(power: number): Expression {
    const { start } = this.#current;
    let left = this.#unary();
    for (;;) {
      const operator = this.#punctuation;
      const logical = LOGICAL_POWER.get(operator) ?? 0;
      const binary = BINARY_POWER.get(operator) ?? 0;
      if (Math.max(logical, binary) < power) return left;
      left = logical > 0 ? this.#logical(left, start) : this.#binary(left, start);
    }
  }

  #logical(first: Expression, start: number): Expression {
    const operator = this.#punctuation as Logical['operator'];
    const power = LOGICAL_POWER.get(operator) as number;
    const operands = [first];
    while (this.#accept(operator)) operands.push(this.#operation(power + 1));
    return this.#made({ kind: 'logical', operator, operands, start, end: this.#end });
  }

  #binary(left: Expression, start: number): Expression {
    const written = this.#punctuation;
    const power = BINARY_POWER.get(written) as number;
    this.#at++;
    const operator = (written.length === 3 ? written.slice(0, 2) : written) as Binary['operator'];
    const right = this.#operation(power + 1);
    return this.#made({ kind: 'binary', operator, left, right, start, end: this.#end });
  }

  #unary(): Expression {
    const operator = this.#punctuation;
    if (operator !== '!' && operator !== '-') return this.#postfix();
    const { start } = this.#current;
    this.#at++;
    const operand = this.#nested(() => this.#unary());
    return this.#made({ kind: 'unary', operator, operand, start, end: this.#end });
  }

  #postfix(): Expression {
    const { start } = this.#current;
    let expression = this.#primary();
    for (;;) {
      if (this.#accept('.')) expression = this.#named(expression, start);
      else if (this.#accept('[')) expression = this.#subscripted(expression, start);
      else return expression;
    }
  }

  #named(object: Expression, start: number): Expression {
    const token = this.#current;
    if (token.kind !== 'name') throw this.#unexpected('a name must follow the dot');
    this.#at++;
    return this.#memberOrCall(object, { text: token.text, at: token.start, start });
  }

  #subscripted(object: Expression, start: number): Expression {
    const index = this.#expression();
    this.#expect(']', 'the bracket must be closed');
    if (index.kind === 'literal' && typeof index.value === 'string') {
      return this.#memberOrCall(object, { text: index.value, at: index.start, start });
    }
    if (this.#punctuation === '(') throw this.#unexpected('only a name or a string literal can be called');
    const node: Index = { kind: 'index', object, index, start, end: this.#end };
    return this.#made(node);
  }

  #memberOrCall(object: Expression, name: { text: string; at: number; start: number }): Expression {
    const common = { object, name: name.text, nameStart: name.at, start: name.start };
    if (!this.#accept('(')) {
      const member: Member = { kind: 'member', ...common, end: this.#end };
      return this.#made(member);
    }
    const args = this.#list(')');
    const call: Call = { kind: 'call', ...common, args, end: this.#end };
    return this.#made(call);
  }

  /** Expressions between commas, up to and with the closing bracket. */
  #list(close: string): Expression[] {
    const items: Expression[] = [];
    if (this.#accept(close)) return items;
    do items.push(this.#expression());
    while (this.#accept(','));
    this.#expect(close, `a comma or ${close} is missing`);
    return items;
  }

  #primary(): Expression {
    const token = this.#current;
    const { start, end } = token;
    this.#at++;
    switch (token.kind) {
      case 'number':
      case 'string':
        return this.#made({ kind: 'literal', value: token.value, start, end });
      case 'regex':
        return this.#made({ kind: 'regex', body: token.body, flags: token.flags, start, end });
      case 'name':
        return this.#made(wordOrVariable(token.text, start, end));
      case 'punctuation':
        if (token.text === '(') return this.#parenthesised();
        if (token.text === '[') {
          return this.#made({ kind: 'array', elements: this.#list(']'), start, end: this.#end });
        }
    }
    this.#at--;
    throw this.#unexpected('a value must stand here');
  }

  #parenthesised(): Expression {
    const expression = this.#expression();
    this.#expect(')', 'the parenthesis must be closed');
    return expression;
  }

  #nested(read: () => Expression): Expression {
    if (this.#nesting === MAX_NESTING) throw tooDeep(this.#current.start);
    this.#nesting++;
    const expression = read();
    this.#nesting--;
    return expression;
  }

  /** Chains of operators and calls make deep trees without nesting, so each tree's height is bounded too. */
  #made(expression: Expression): Expression {
    let height = 1;
    for (const child of childrenOf(expression)) height = Math.max(height, 1 + (this.#heights.get(child) as number));
    if (height > MAX_NESTING) throw tooDeep(expression.start);
    this.#heights.set(expression, height);
    return expression;
  }

  get #current(): Token {
    return this.#tokens[this.#at] as Token;
  }

  get #punctuation(): string {
    const token = this.#current;
    return token.kind === 'punctuation' ? token.text : '';
  }

  /** Where the token before the current one ends. */
  get #end(): number {
    return (this.#tokens[this.#at - 1] as Token).end;
  }

  #accept(text: string): boolean {
    if (this.#punctuation !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string, message: string): void {
    if (!this.#accept(text)) throw this.#unexpected(message);
  }

  #unexpected(message: string): ExpressionError {
    const token = this.#current;
    const place = { offset: token.start };
    if (token.kind === 'end') return new ExpressionError('syntax', `the expression ends too soon: ${message}`, place);
    return new ExpressionError('syntax', message, place);
  }
}

function wordOrVariable(text: string, start: number, end: number): Expression {
  const value = WORDS.get(text);
  if (value === undefined) return { kind: 'variable', name: text, start, end };
  const literal: Literal = { kind: 'literal', value, start, end };
  return literal;
}

function tooDeep(offset: number): ExpressionError {
  return new ExpressionError('too-deep', `nested deeper than ${MAX_NESTING} levels`, {
    offset,
    hint: 'split the rule, or join conditions with && and || on one level',
  });
}
