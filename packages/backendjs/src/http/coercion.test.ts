import { expect, test } from 'vitest';
import { toBool, toList, toNumber, toText } from './coercion.js';

test.each(['', '0', 'false', 'off', 'nil', 'null', 'no', 'f', 'n', 'FALSE', 'nope', 'four', 0, null, undefined, false])(
  '%j is no',
  (value) => expect(toBool(value)).toBe(false),
);

test.each(['1', 'true', 'yes', 'on', '2', 'x', '00', 1, true])('%j is yes', (value) =>
  expect(toBool(value)).toBe(true),
);

test.each([
  ['12.5kg', 12.5],
  ['true', 1],
  ['f', 0],
  ['infinity', Number.POSITIVE_INFINITY],
  [' -3', -3],
  ['what', 7],
  [undefined, 7],
  [Number.NaN, 7],
  [true, 1],
])('%j is the number %d', (value, number) => expect(toNumber(value, 7)).toBe(number));

test('lists are separated by commas or pipes, and have no empty entries', () => {
  expect(toList('a, b|c,,')).toEqual(['a', 'b', 'c']);
  expect(toList(['a', 'b,c'])).toEqual(['a', 'b,c']);
  expect(toList(undefined)).toEqual([]);
});

test('of a repeated parameter the last is its text', () => {
  expect(toText(['a', 'b'])).toBe('b');
  expect(toText(12)).toBe('12');
  expect(toText({ a: 1 })).toBe('{"a":1}');
});
