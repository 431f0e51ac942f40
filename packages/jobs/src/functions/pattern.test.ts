import { describe, expect, it } from 'vitest';
import { bindKeys, literalStart, paramsOf, parsePattern, pathOf } from './pattern.js';

describe('patterns', () => {
  it('name nodes by what stands for their wildcards', () => {
    const pattern = parsePattern('/rooms/{room}/messages/{message}');
    expect(bindKeys(pattern, ['rooms', 'a', 'messages', 'b', 'text'])).toEqual(['a', 'b']);
    expect(bindKeys(pattern, ['rooms', 'a'])).toEqual(['a']);
    expect(bindKeys(pattern, [])).toEqual([]);
    expect(bindKeys(pattern, ['rooms', 'a', 'members'])).toBeNull();
    expect(pathOf(pattern, ['a', 'b'])).toEqual(['rooms', 'a', 'messages', 'b']);
    expect(paramsOf(pattern, ['a', 'b'])).toEqual({ room: 'a', message: 'b' });
    expect(literalStart(pattern)).toEqual(['rooms']);
  });

  it('are the same if only their names differ, and never confused otherwise', () => {
    const ids = ['/a/{x}', '/a/{y}', '/a>b', '/a/b', '/{x}/a', '/a%3E'].map((text) => parsePattern(text).id);
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(ids.length - 1);
  });

  it.each([
    '',
    '/',
    `/${'%'.repeat(300)}`,
    `/${Array.from({ length: 21 }, (_, n) => `{x${n}}`).join('/')}`,
    'orders/{id}',
    '/orders/{}',
    '/orders/{a b}',
    '/a.b',
    '/{x}/{x}',
    '/x{id}',
  ])('are refused: %j', (text) => {
    expect(() => parsePattern(text)).toThrow(expect.objectContaining({ code: 'invalid-path' }));
  });
});
