import { describe, expect, it } from 'vitest';
import { BigMap } from './big-map.js';
import { nodeFromJson } from './json.js';
import { compareKeys, integerKey, MAX_KEY, MIN_KEY } from './key-order.js';
import { type MapNode, makeMap } from './node.js';
import { compareInOrder, compareValues, indexValueOf, sortedEntries } from './order.js';

describe('integerKey', () => {
  it.each([
    ['0', 0],
    ['-0', 0],
    ['007', 7],
    ['-12', -12],
    ['2147483647', 2147483647],
    ['-2147483648', -2147483648],
    ['2147483648', null],
    ['-2147483649', null],
    ['99999999999999999999', null],
    ['', null],
    ['-', null],
    ['1.5', null],
    ['1e3', null],
    ['+1', null],
  ])('takes %j as %j', (key, value) => {
    expect(integerKey(key)).toBe(value);
  });
});

describe('compareKeys', () => {
  it('puts the sentinels around every key', () => {
    for (const key of ['', '-2147483648', '0', 'a', '\uffff', '[a', '[Z']) {
      expect(compareKeys(MIN_KEY, key)).toBeLessThan(0);
      expect(compareKeys(key, MIN_KEY)).toBeGreaterThan(0);
      expect(compareKeys(MAX_KEY, key)).toBeGreaterThan(0);
      expect(compareKeys(key, MAX_KEY)).toBeLessThan(0);
    }
    expect(compareKeys(MIN_KEY, MAX_KEY)).toBeLessThan(0);
    expect(compareKeys(MAX_KEY, MAX_KEY)).toBe(0);
  });

  it('tells different spellings of one number apart', () => {
    expect(compareKeys('00', '-0')).not.toBe(0);
    expect(Math.sign(compareKeys('00', '-0'))).toBe(-Math.sign(compareKeys('-0', '00')));
  });
});

describe('compareValues', () => {
  it('ranks null, false, true, numbers, strings and maps', () => {
    const map = nodeFromJson({ a: 1 }) as MapNode;
    const ordered = [null, false, true, -1, 0, 1.5, '', 'a', 'b', map];
    for (let i = 0; i < ordered.length; i++) {
      for (let j = 0; j < ordered.length; j++) {
        expect(Math.sign(compareValues(ordered[i] ?? null, ordered[j] ?? null))).toBe(Math.sign(i - j));
      }
    }
    expect(compareValues(map, new BigMap())).toBe(0);
    expect(compareValues(0, -0)).toBe(0);
  });
});

describe('orders', () => {
  const map = nodeFromJson({ b: { n: 1 }, a: { n: 1 }, c: { '.value': 'leaf', '.priority': 3 } }) as MapNode;

  it('take the value of a child from where they say', () => {
    const c = map.children.get('c')!;
    expect(indexValueOf({ by: 'key' }, 'c', c)).toBe('c');
    expect(indexValueOf({ by: 'value' }, 'c', c)).toBe('leaf');
    expect(indexValueOf({ by: 'priority' }, 'c', c)).toBe(3);
    expect(indexValueOf({ by: 'child', path: ['n'] }, 'c', c)).toBeNull();
    expect(indexValueOf({ by: 'child', path: ['n'] }, 'a', map.children.get('a')!)).toBe(1);
  });

  it('sort entries, by priority then key unless told otherwise', () => {
    expect(sortedEntries(map).map(([key]) => key)).toEqual(['a', 'b', 'c']);
    expect(sortedEntries(map, { by: 'value' }).map(([key]) => key)).toEqual(['c', 'a', 'b']);
    expect(
      sortedEntries(
        makeMap([
          ['1', true],
          ['01', false],
        ]) as MapNode,
        { by: 'value' },
      )[0],
    ).toEqual(['01', false]);
  });

  it('break ties by key', () => {
    expect(compareInOrder({ by: 'value' }, 1, '9', 1, '10')).toBeLessThan(0);
    expect(compareInOrder({ by: 'key' }, 'zzz', 'a', 'aaa', 'b')).toBeLessThan(0);
    expect(compareInOrder({ by: 'value' }, 2, 'a', 1, 'b')).toBeGreaterThan(0);
  });
});
