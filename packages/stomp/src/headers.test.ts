import { describe, expect, it } from 'vitest';
import { Headers } from './headers.js';

describe('Headers', () => {
  const headers = Headers.of([
    ['a', '1'],
    ['__proto__', '2'],
    ['a', '3'],
    ['empty', ''],
  ]);

  it('finds the first of a name', () => {
    expect(headers.get('a')).toBe('1');
    expect(headers.get('__proto__')).toBe('2');
    expect(headers.get('empty')).toBe('');
  });

  it('does not find what is not there, values included', () => {
    expect(headers.get('1')).toBeUndefined();
    expect(headers.get('A')).toBeUndefined();
    expect(headers.has('constructor')).toBe(false);
    expect(headers.has('empty')).toBe(true);
  });

  it('lists all lines in order', () => {
    expect(headers.size).toBe(4);
    expect([...headers]).toEqual([...headers.entries()]);
    expect([...headers].map(([name, value]) => name + value)).toEqual(['a1', '__proto__2', 'a3', 'empty']);
  });
});
