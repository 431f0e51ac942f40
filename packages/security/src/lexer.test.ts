import { describe, expect, it } from 'vitest';
import { ExpressionError } from './expression-error.js';
import { tokenize } from './lexer.js';

function texts(source: string): string[] {
  return tokenize(source).map(({ start, end }) => source.slice(start, end));
}

function values(source: string): unknown[] {
  return tokenize(source).map((token) => ('value' in token ? token.value : token.kind));
}

describe('tokens', () => {
  it('stand where the text has them', () => {
    expect(texts("auth.uid===$x\n|| 'a b'!=1.5")).toEqual([
      'auth',
      '.',
      'uid',
      '===',
      '$x',
      '||',
      "'a b'",
      '!=',
      '1.5',
      '',
    ]);
  });

  it.each([
    ['0', 0],
    ['0x1F', 31],
    ['1.', 1],
    ['.5', 0.5],
    ['2e3', 2000],
    ['1.5E-1', 0.15],
  ])('the number %s', (source, value) => {
    expect(values(source)).toEqual([value, 'end']);
  });

  it.each([
    [String.raw`'\n\r\t\b\f\v\0'`, '\n\r\t\b\f\v\0'],
    [String.raw`'\'\"\\'`, `'"\\`],
    [String.raw`"\x41\u0042\q"`, 'ABq'],
    ['""', ''],
    [`'"'`, '"'],
  ])('the string %s', (source, value) => {
    expect(values(source)).toEqual([value, 'end']);
  });

  it('a slash opens a regular expression only where an operand may stand', () => {
    expect(tokenize('a.matches(/[/]\\/x/i) && 4 / 2 / 1')).toContainEqual({
      kind: 'regex',
      body: '[/]\\/x',
      flags: 'i',
      start: 10,
      end: 19,
    });
    expect(texts('4 / 2 / 1')).toEqual(['4', '/', '2', '/', '1', '']);
    expect(texts('(4) / a[0] / 1')).toContain('/');
  });

  it('space is whatever JavaScript takes for space', () => {
    expect(texts('\ufeff1\u00a0\u2028+\t\v2')).toEqual(['1', '+', '2', '']);
  });
});

describe('refuses', () => {
  it.each([
    ...[
      '++',
      '--',
      '**',
      '??',
      '?.',
      '=>',
      '=',
      '&',
      '|',
      '^',
      '~',
      '<<',
      '>>',
      '>>>',
      '+=',
      '||=',
      '...',
      ';',
      '{',
      '}',
    ],
    ...['`', '#', '@', '\\', 'é', '😀'],
  ])('%s', (text) => {
    expect(() => tokenize(`1 ${text} 2`)).toThrow(ExpressionError);
  });

  it.each([
    ['--1', 0, '-- is not part of the language'],
    ['1 = 2', 2, '= is not part of the language'],
    ['010', 0, 'a number with a leading zero'],
    ['12px', 2, 'a number runs into a name'],
    ['0x', 1, 'a number runs into a name'],
    ['1n', 1, 'a number runs into a name'],
    ['1_000', 1, 'a number runs into a name'],
    ["1 + 'abc", 4, 'a string that does not end'],
    ["'a\nb'", 0, 'a string that does not end'],
    ["'a\\", 0, 'a string that does not end'],
    [String.raw`'\x4'`, 1, 'an escape \\x needs 2 hexadecimal digits'],
    [String.raw`'\u{41}'`, 1, 'an escape \\u needs 4 hexadecimal digits'],
    ['/abc', 0, 'a regular expression that does not end'],
    ['/[/]', 0, 'a regular expression that does not end'],
    ['true // yes', 5, 'a comment inside an expression'],
    ['true /* yes */', 5, 'a comment inside an expression'],
  ])('%j at %i: %s', (source, offset, message) => {
    expect(() => tokenize(source)).toThrow(expect.objectContaining({ message, offset }));
  });

  it('says what to write instead', () => {
    expect(() => tokenize('a & b')).toThrow(expect.objectContaining({ hint: 'write &&' }));
  });
});
