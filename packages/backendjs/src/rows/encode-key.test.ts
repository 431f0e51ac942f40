import { isValidKey } from '@backside/tree';
import { expect, test } from 'vitest';
import { decodeKey, encodeKey } from './encode-key.js';

test('any text becomes a valid key and comes back', () => {
  for (const text of [
    'plain',
    'a.b#c$d[e]f/g%h',
    'tab\tand\u0000null\u007f\u0085',
    '%2E',
    '100%',
    '__proto__',
    'ä€😀',
  ]) {
    expect(isValidKey(encodeKey(text))).toBe(true);
    expect(decodeKey(encodeKey(text))).toBe(text);
  }
});

test('different texts have different keys', () => {
  expect(encodeKey('a.b')).not.toBe(encodeKey('a%2Eb'));
});

test('the empty text is refused', () => {
  expect(() => encodeKey('')).toThrow('empty');
});
