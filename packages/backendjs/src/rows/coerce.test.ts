import { expect, test } from 'vitest';
import { rowOf } from './row-write.js';
import { ACCOUNTS, COUNTERS, ICONS, PAGES, QUEUE } from './tables.js';

test.each([
  [ACCOUNTS, 'latitude', '37.5', 37.5],
  [ACCOUNTS, 'ltime', '12.9', 12],
  [ACCOUNTS, 'ltime', 'x', null],
  [ACCOUNTS, 'name', 7, '7'],
  [COUNTERS, 'ping', 'true', 1],
  [ICONS, 'tags', 'a, b|c', ['a', 'b', 'c']],
  [PAGES, 'toc', 'no', false],
  [PAGES, 'pub', '1', true],
  [QUEUE, 'data', '{"a":[1]}', { a: [1] }],
  [QUEUE, 'data', 'no json', 'no json'],
])('%o %s: %o becomes %o', (table, name, given, held) => {
  expect(rowOf(table, [[name, given]])).toEqual({ [name]: held });
});

test('unknown columns keep what they are given', () => {
  expect(
    rowOf(ACCOUNTS, [
      ['shoe', { size: 4 }],
      ['n', 4],
      ['s', '12345678901234567890'],
    ]),
  ).toEqual({ shoe: { size: 4 }, n: 4, s: '12345678901234567890' });
});

test('what steers a request or tells of the client is no column', () => {
  expect(
    rowOf(ACCOUNTS, [
      ['_count', '1'],
      ['bk-app', 'x'],
      ['', 'y'],
    ]),
  ).toEqual({});
});
