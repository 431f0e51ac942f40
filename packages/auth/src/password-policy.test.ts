import { describe, expect, it } from 'vitest';
import { assertGoodPassword, isPossiblePassword } from './password-policy.js';

const RULES = { minLength: 8, names: ['bob.builder@example.org', undefined, 'bobby-the-builder'] };

describe('passwords', () => {
  it.each(['correct horse', 'äöüßàéîõ', '        x y', `${'x'.repeat(100)}yz`])('%j may be chosen', (password) => {
    expect(() => assertGoodPassword(password, RULES)).not.toThrow();
  });

  it.each([
    ['too short', 'seven77'],
    ['too short, however many bytes', '😀😀😀😀'],
    ['common', 'Password1'],
    ['monotonous', 'abababababab'],
    ['the address', 'Bob.Builder@example.org'],
    ['the name in the address', 'bob.builder'],
    ['the username', 'bobby-the-builder'],
    ['too long', 'abc'.repeat(400)],
    ['no proper Unicode', 'abcdefgh\ud800'],
  ])('that are %s are weak', (_why, password) => {
    expect(() => assertGoodPassword(password, RULES)).toThrow(expect.objectContaining({ code: 'weak-password' }));
  });

  it('that nobody can have are not worth a hash', () => {
    expect(isPossiblePassword('')).toBe(false);
    expect(isPossiblePassword('x'.repeat(1025))).toBe(false);
    expect(isPossiblePassword('old')).toBe(true);
  });
});
