import { describe, expect, it } from 'vitest';
import { formatClaims, parseClaims, withoutReserved } from './claims.js';

describe('claims', () => {
  it('come back as they were, with all that a tree could not hold', () => {
    const claims = { empty: [], none: null, nested: { 'https://x.example/y.z': [1, 'a', {}] }, admin: false };
    expect(parseClaims(formatClaims(claims))).toEqual(claims);
  });

  it('keep a __proto__ as data', () => {
    const claims = parseClaims(formatClaims(JSON.parse('{"__proto__": {"admin": true}}')));
    expect(Object.hasOwn(claims, '__proto__')).toBe(true);
    expect('admin' in claims).toBe(false);
  });

  it.each(['uid', 'sub', 'exp', 'email', 'email_verified', 'provider', 'session', 'firebase'])(
    'may not be called %s',
    (name) => {
      expect(() => formatClaims({ [name]: 'x' })).toThrow(expect.objectContaining({ code: 'invalid-data' }));
      expect(withoutReserved({ [name]: 'x', role: 'editor' })).toEqual({ role: 'editor' });
    },
  );

  it.each([
    [null],
    [[]],
    ['text'],
    [{ f: (): void => {} }],
    [{ d: new Date(0) }],
    [{ n: Number.NaN }],
    [{ u: undefined }],
  ])('are plain JSON, which %j is not', (claims) => {
    expect(() => formatClaims(claims)).toThrow(expect.objectContaining({ code: 'invalid-data' }));
  });

  it('are refused beyond 4,096 bytes', () => {
    const fits = { a: 'x'.repeat(4096 - '{"a":""}'.length) };
    expect(formatClaims(fits)).toHaveLength(4096);
    expect(() => formatClaims({ a: `${fits.a}x` })).toThrow(expect.objectContaining({ code: 'too-large' }));
    expect(() => formatClaims({ a: 'ü'.repeat(2100) })).toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  it('of any depth are refused without overflowing the stack', () => {
    const deep = JSON.parse(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`) as unknown;
    expect(() => formatClaims(deep)).toThrow(expect.objectContaining({ code: 'invalid-data' }));
  });
});
