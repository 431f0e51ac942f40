import { describe, expect, it } from 'vitest';
import { isDefaultQuery } from './query.js';
import { canonicalQuery, formatQuery, parseQuery } from './query-json.js';

describe('parseQuery', () => {
  it('reads orders, bounds and limits', () => {
    expect(parseQuery({})).toEqual({ order: { by: 'priority' } });
    expect(parseQuery({ orderBy: 'a/b', startAt: [null, 'k'], endBefore: 5, limitToLast: 2 })).toEqual({
      order: { by: 'child', path: ['a', 'b'] },
      start: { value: null, key: 'k', inclusive: true },
      end: { value: 5, inclusive: false },
      limit: { count: 2, from: 'last' },
    });
    const equal = { value: false, inclusive: true };
    expect(parseQuery({ orderBy: '$value', equalTo: false })).toEqual({
      order: { by: 'value' },
      start: equal,
      end: equal,
    });
  });

  it.each<[unknown, string]>([
    [null, 'a query is an object'],
    [[], 'a query is an object'],
    [{ orderby: 'a' }, 'unknown field "orderby"'],
    [{ orderBy: 5 }, 'orderBy is a string'],
    [{ orderBy: '' }, 'orderBy is not the path of a child'],
    [{ orderBy: '$other' }, 'orderBy is not the path of a child'],
    [{ orderBy: 'a/.priority' }, 'orderBy is not the path of a child'],
    [{ startAt: 1, startAfter: 2 }, 'both startAt and startAfter'],
    [{ endAt: 1, endBefore: 2 }, 'both endAt and endBefore'],
    [{ equalTo: 1, endAt: 2 }, 'both equalTo and endAt'],
    [{ orderBy: '$key', startAt: 5 }, 'must be a key'],
    [{ orderBy: '$key', startAt: null }, 'must be a key'],
    [{ orderBy: '$key', startAt: 'a.b' }, 'must be a key'],
    [{ orderBy: '$key', startAt: ['a', 'b'] }, 'no second key'],
    [{ orderBy: '$value', startAt: [1, 'a.b'] }, 'invalid key'],
    [{ orderBy: '$value', startAt: [1] }, 'a value or [value, key]'],
    [{ orderBy: '$value', startAt: [1, 'a', 'b'] }, 'a value or [value, key]'],
    [{ orderBy: '$value', startAt: {} }, 'is neither null nor a leaf'],
    [{ orderBy: '$value', startAt: Number.NaN }, 'is neither null nor a leaf'],
    [{ orderBy: '$priority', startAt: true }, 'cannot be a priority'],
    [{ limitToFirst: 1, limitToLast: 1 }, 'both limitToFirst and limitToLast'],
    [{ limitToFirst: 0 }, 'positive integer'],
    [{ limitToLast: 1.5 }, 'positive integer'],
    [{ limitToLast: '3' }, 'positive integer'],
  ])('refuses %j', (json, message) => {
    expect(() => parseQuery(json)).toThrow(expect.objectContaining({ code: 'invalid-query' }));
    expect(() => parseQuery(json)).toThrow(message);
  });
});

describe('queries', () => {
  it('have one text, however they were written', () => {
    const a = parseQuery({ limitToFirst: 3, startAt: 'x', orderBy: '/name' });
    const b = parseQuery({ orderBy: 'name', startAt: 'x', limitToFirst: 3 });
    expect(canonicalQuery(a)).toBe(canonicalQuery(b));
    expect(formatQuery(a)).toEqual({ orderBy: 'name', startAt: 'x', limitToFirst: 3 });
  });

  it('do not say the key that a bound implies', () => {
    const order = { by: 'value' } as const;
    expect(formatQuery({ order, start: { value: 1, key: '[MAX_NAME]', inclusive: false } })).toEqual(
      formatQuery({ order, start: { value: 1, inclusive: false } }),
    );
    const end = { value: 1, key: '[MIN_NAME]', inclusive: true };
    expect(parseQuery(formatQuery({ order, end }))).toEqual({ order, end });
  });

  it('are default queries if they only order', () => {
    expect(isDefaultQuery(parseQuery({ orderBy: '$key' }))).toBe(true);
    expect(isDefaultQuery(parseQuery({ startAt: null }))).toBe(false);
    expect(isDefaultQuery(parseQuery({ limitToFirst: 1 }))).toBe(false);
  });
});
