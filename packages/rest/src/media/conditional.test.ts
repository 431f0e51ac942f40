import { describe, expect, it } from 'vitest';
import { allowsRange, judge, parseEtags } from './conditional.js';

const modified = Date.parse('2026-01-02T03:04:05.678Z');
const version = { etag: 'abc', modified };
const AT = 'Fri, 02 Jan 2026 03:04:05 GMT';
const BEFORE = 'Fri, 02 Jan 2026 03:04:04 GMT';

describe('a conditional read', () => {
  it.each([
    [{}, 'send'],
    [{ 'if-none-match': '"abc"' }, 'not-modified'],
    [{ 'if-none-match': 'W/"abc"' }, 'not-modified'],
    [{ 'if-none-match': '"x", "abc"' }, 'not-modified'],
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': '"x"' }, 'send'],
    [{ 'if-none-match': 'abc' }, 'send'],
    [{ 'if-modified-since': AT }, 'not-modified'],
    [{ 'if-modified-since': BEFORE }, 'send'],
    [{ 'if-modified-since': 'never' }, 'send'],
    [{ 'if-none-match': '"x"', 'if-modified-since': AT }, 'send'],
    [{ 'if-match': '"abc"' }, 'send'],
    [{ 'if-match': '*' }, 'send'],
    [{ 'if-match': 'W/"abc"' }, 'failed'],
    [{ 'if-match': '"x"' }, 'failed'],
    [{ 'if-match': '"x"', 'if-none-match': '"abc"' }, 'failed'],
    [{ 'if-match': '"abc"', 'if-none-match': '"abc"' }, 'not-modified'],
    [{ 'if-unmodified-since': AT }, 'send'],
    [{ 'if-unmodified-since': BEFORE }, 'failed'],
    [{ 'if-unmodified-since': BEFORE, 'if-match': '"abc"' }, 'send'],
  ])('with %j is answered: %s', (headers, verdict) => {
    expect(judge(headers, version)).toBe(verdict);
  });
});

it.each([
  [undefined, true],
  ['"abc"', true],
  ['"x"', false],
  ['W/"abc"', false],
  [AT, true],
  [BEFORE, false],
  ['nonsense', false],
])('If-Range %j: %s', (header, expected) => {
  expect(allowsRange(header, version)).toBe(expected);
});

it('reads lists of ETags', () => {
  expect(parseEtags(undefined, 'counts')).toBeUndefined();
  expect(parseEtags(' * ', 'counts')).toBe('*');
  expect(parseEtags('"a", W/"b","c,d"', 'counts')).toEqual(['a', 'b', 'c,d']);
  expect(parseEtags('"a", W/"b"', 'ignored')).toEqual(['a']);
  expect(parseEtags('nonsense', 'counts')).toEqual([]);
});
