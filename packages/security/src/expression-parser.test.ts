import { describe, expect, it } from 'vitest';
import { childrenOf, type Expression } from './ast.js';
import { ExpressionError } from './expression-error.js';
import { MAX_EXPRESSION_LENGTH, parseExpression } from './expression-parser.js';

/** The tree with every operator in front, in parentheses. */
function shape(expression: Expression): string {
  const parts = childrenOf(expression).map(shape).join(' ');
  switch (expression.kind) {
    case 'literal':
      return JSON.stringify(expression.value);
    case 'variable':
      return expression.name;
    case 'regex':
      return `/${expression.body}/${expression.flags}`;
    case 'member':
      return `(.${expression.name} ${parts})`;
    case 'call':
      return `(.${expression.name}() ${parts})`;
    case 'ternary':
      return `(? ${parts})`;
    case 'array':
    case 'index':
      return `([] ${parts})`;
    default:
      return `(${expression.operator} ${parts})`;
  }
}

describe('precedence', () => {
  it.each([
    ['1 + 2 * 3', '(+ 1 (* 2 3))'],
    ['10 - 3 - 2', '(- (- 10 3) 2)'],
    ['2 * 7 % 4', '(% (* 2 7) 4)'],
    ['1 < 2 == true', '(== (< 1 2) true)'],
    ['1 == 1 != false', '(!= (== 1 1) false)'],
    ['a || b && c || d', '(|| a (&& b c) d)'],
    ['(a || b) && c', '(&& (|| a b) c)'],
    ['(a || b) || c', '(|| (|| a b) c)'],
    ['a ? b : c ? d : e', '(? a b (? c d e))'],
    ['a || b ? c : d', '(? (|| a b) c d)'],
    ['!a.b', '(! (.b a))'],
    ['-1 - -2', '(- (- 1) (- 2))'],
    ['! ! a', '(! (! a))'],
    ['a === b !== c', '(!= (== a b) c)'],
  ])('%s', (source, expected) => {
    expect(shape(parseExpression(source))).toBe(expected);
  });
});

describe('members', () => {
  it.each([
    ["a.b['c'][d][0]", '([] ([] (.c (.b a)) d) 0)'],
    ["a['b'](1, 2).c()", '(.c() (.b() a 1 2))'],
    ["a.hasChildren(['x', y])", '(.hasChildren() a ([] "x" y))'],
    ['a.matches(/x/i)', '(.matches() a /x/i)'],
    ['a.true', '(.true a)'],
    ["('a').length", '(.length "a")'],
  ])('%s', (source, expected) => {
    expect(shape(parseExpression(source))).toBe(expected);
  });
});

it('every node knows its text', () => {
  const source = "(1 + 2) * 3 == data.child('a').val() && (x ? y : z)";
  const texts: string[] = [];
  const visit = (expression: Expression): void => {
    texts.push(source.slice(expression.start, expression.end));
    childrenOf(expression).forEach(visit);
  };
  visit(parseExpression(source));
  expect(texts).toEqual([
    ...[source, "(1 + 2) * 3 == data.child('a').val()", '(1 + 2) * 3', '1 + 2', '1', '2', '3'],
    ...["data.child('a').val()", "data.child('a')", 'data', "'a'", 'x ? y : z', 'x', 'y', 'z'],
  ]);
});

describe('refuses', () => {
  it.each([
    ['', 0, 'the expression is empty'],
    ['  \n ', 0, 'the expression is empty'],
    ['(true', 5, 'the expression ends too soon: the parenthesis must be closed'],
    ['true)', 4, 'the expression should end here'],
    ['true false', 5, 'the expression should end here'],
    ['a ? b', 5, 'the expression ends too soon: a ? needs a : and what to take otherwise'],
    ['a &&', 4, 'the expression ends too soon: a value must stand here'],
    ['+1', 0, 'a value must stand here'],
    ['a.1', 1, 'the expression should end here'],
    ["a.'b'", 2, 'a name must follow the dot'],
    ['a[b](c)', 4, 'only a name or a string literal can be called'],
    ['a()', 1, 'the expression should end here'],
    ['a.b()()', 5, 'the expression should end here'],
    ['a.b(1 2)', 6, 'a comma or ) is missing'],
    ['a.b(1,)', 6, 'a value must stand here'],
    ['a[]', 2, 'a value must stand here'],
  ])('%j at %i: %s', (source, offset, message) => {
    expect(() => parseExpression(source)).toThrow(expect.objectContaining({ message, offset }));
  });
});

describe('hostile texts', () => {
  const deep = 20_000;

  it.each([
    ['parentheses', `${'('.repeat(deep)}true${')'.repeat(deep)}`],
    ['parentheses that do not close', '('.repeat(deep)],
    ['negations', `${'!'.repeat(deep)}true`],
    ['signs', `${'- '.repeat(deep)}1`],
    ['choices', `${'a?'.repeat(deep / 2)}b${':c'.repeat(deep / 2)}`],
    ['later choices', `${'a?b:'.repeat(deep / 2)}c`],
    ['brackets', `${'a['.repeat(deep)}0${']'.repeat(deep)}`],
    ['lists', `${'['.repeat(deep)}0${']'.repeat(deep)}`],
    ['sums', `1${'+1'.repeat(deep)}`],
    ['equalities', `1${'==1'.repeat(deep)}`],
    ['calls', `a${'.b()'.repeat(deep / 2)}`],
    ['arguments', `${'a.b('.repeat(deep / 2)}1${')'.repeat(deep / 2)}`],
    ['sums inside of parentheses', `${'('.repeat(150)}1${`${'+1'.repeat(150)})`.repeat(150)}`],
  ])('%s are refused', (_what, source) => {
    expect(source.length).toBeLessThanOrEqual(MAX_EXPRESSION_LENGTH);
    expect(() => parseExpression(source)).toThrow(expect.objectContaining({ code: 'too-deep' }));
  });

  it('an expression beyond the length is refused', () => {
    const source = `true${' '.repeat(MAX_EXPRESSION_LENGTH)}`;
    expect(() => parseExpression(source)).toThrow(ExpressionError);
  });

  it('a long chain of conditions is one level', () => {
    const chain = parseExpression(`a${'||a&&b'.repeat(10_000)}`);
    expect(childrenOf(chain)).toHaveLength(10_001);
  });
});
