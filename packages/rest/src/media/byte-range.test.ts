import { expect, it } from 'vitest';
import { parseRange } from './byte-range.js';

it.each([
  ['bytes=0-4', { start: 0, end: 4 }],
  ['bytes=5-', { start: 5, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-30', { start: 0, end: 9 }],
  ['bytes=9-9', { start: 9, end: 9 }],
  ['bytes=0-99', { start: 0, end: 9 }],
  ['Bytes= 2-3 ', { start: 2, end: 3 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=10-20', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=4-3', null],
  ['bytes=-', null],
  ['bytes=0-1,3-4', null],
  ['bytes=a-b', null],
  ['bytes=0x1-2', null],
  ['lines=0-4', null],
  ['bytes 0-4', null],
  ['bytes=99999999999999999999-', null],
  ['', null],
  [undefined, null],
])('of ten bytes %j is %j', (header, expected) => {
  expect(parseRange(header, 10)).toEqual(expected);
});

it('is never satisfied by nothing', () => {
  for (const header of ['bytes=0-', 'bytes=-1', 'bytes=0-0']) expect(parseRange(header, 0)).toBe('unsatisfiable');
});
