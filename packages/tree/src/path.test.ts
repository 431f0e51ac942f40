import { describe, expect, it } from 'vitest';
import { TreeError } from './error.js';
import { DEFAULT_LIMITS } from './limits.js';
import {
  assertKey,
  commonPrefix,
  formatPath,
  isPrefix,
  isPriorityPath,
  isValidKey,
  parsePath,
  samePath,
} from './path.js';

describe('parsePath', () => {
  it.each([
    ['/', []],
    ['', []],
    ['///', []],
    ['a', ['a']],
    ['/a/b', ['a', 'b']],
    ['a/b/', ['a', 'b']],
    ['/a/.priority', ['a', '.priority']],
    ['.priority', ['.priority']],
    ['/__proto__/constructor', ['__proto__', 'constructor']],
  ])('reads %j', (text, path) => {
    expect(parsePath(text)).toEqual(path);
  });

  it.each([
    '/a//b',
    '/a/.priority/b',
    '/.value',
    '/a.b',
    '/$',
    '/#',
    '/[',
    '/]',
    '/\u0000',
    '/\u007f',
    '/\ud800',
    '/\udc00x',
  ])('refuses %j', (text) => {
    expect(() => parsePath(text)).toThrow(expect.objectContaining({ code: 'invalid-path' }));
  });

  it('counts depth without .priority', () => {
    const deepest = 'k/'.repeat(32);
    expect(parsePath(deepest)).toHaveLength(32);
    expect(parsePath(`${deepest}.priority`)).toHaveLength(33);
    expect(() => parsePath(`${deepest}k`)).toThrow(TreeError);
    expect(parsePath('a/b', { ...DEFAULT_LIMITS, maxDepth: 2 })).toHaveLength(2);
    expect(() => parsePath('a/b/c', { ...DEFAULT_LIMITS, maxDepth: 2 })).toThrow('deeper than 2 keys');
  });

  it('refuses a text of any length in time', () => {
    expect(() => parsePath('x/'.repeat(5_000_000))).toThrow('deeper');
    expect(() => parsePath('x'.repeat(10_000_000))).toThrow('bytes');
  });
});

describe('keys', () => {
  it('are checked one by one', () => {
    expect(isValidKey('a b"c\\')).toBe(true);
    expect(isValidKey('\u{1f600}')).toBe(true);
    expect(isValidKey('')).toBe(false);
    expect(isValidKey('.priority')).toBe(false);
    expect(() => assertKey('a/b')).toThrow('character "/" in a key');
  });

  it('are measured in UTF-8', () => {
    expect(isValidKey('\u20ac'.repeat(256))).toBe(true);
    expect(isValidKey(`${'\u20ac'.repeat(256)}x`)).toBe(false);
  });
});

describe('relations of paths', () => {
  it('tell ancestors, equals and what is shared', () => {
    expect(isPrefix([], ['a'])).toBe(true);
    expect(isPrefix(['a'], ['a'])).toBe(true);
    expect(isPrefix(['a', 'b'], ['a'])).toBe(false);
    expect(isPrefix(['a'], ['ab'])).toBe(false);
    expect(samePath(['a', 'b'], ['a', 'b'])).toBe(true);
    expect(samePath(['a'], ['a', 'b'])).toBe(false);
    expect(commonPrefix(['a', 'b', 'c'], ['a', 'b', 'd'])).toEqual(['a', 'b']);
    expect(commonPrefix(['x'], ['y'])).toEqual([]);
    expect(isPriorityPath(['a', '.priority'])).toBe(true);
    expect(isPriorityPath([])).toBe(false);
    expect(formatPath([])).toBe('/');
    expect(formatPath(['a', 'b'])).toBe('/a/b');
  });
});
