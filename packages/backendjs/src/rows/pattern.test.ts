import { BacksideError } from '@backside/protocol';
import { expect, test } from 'vitest';
import { compilePattern } from './pattern.js';

const sensitive = { ignoreCase: false };

test('matches anywhere, or where anchors say', () => {
  expect(compilePattern('b+c', sensitive)('aabbc')).toBe(true);
  expect(compilePattern('^b', sensitive)('ab')).toBe(false);
  expect(compilePattern('HELLO', { ignoreCase: true })('oh, hello')).toBe(true);
  expect(compilePattern('HELLO', sensitive)('oh, hello')).toBe(false);
});

test('slashes and quotes are ordinary characters', () => {
  expect(compilePattern('/connection/add', sensitive)('"/connection/add"')).toBe(true);
  expect(compilePattern('[/]x', sensitive)('a/x')).toBe(true);
  expect(compilePattern('\\/x"\'', sensitive)('/x"\'')).toBe(true);
});

test('nothing in a pattern reaches beyond it', () => {
  for (const source of ['x/) || true || "".matches(/y', 'x\\', '[', '(', 'x\n', 'a'.repeat(300)]) {
    expect(() => compilePattern(source, sensitive)).toThrow(BacksideError);
  }
});

test('a pattern made to backtrack takes time linear in the text', () => {
  const matches = compilePattern('^(a+)+$', sensitive);
  expect(matches(`${'a'.repeat(9_000)}b`)).toBe(false);
});
