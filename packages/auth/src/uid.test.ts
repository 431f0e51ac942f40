import { isValidKey } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import { createUid, isValidUid, uidKey, uidOfKey } from './uid.js';

describe('uids', () => {
  it.each(['bob', 'a.b', 'user@example.org', 'google:1234', '__proto__', '-', 'x'.repeat(128)])('%j is one', (uid) => {
    expect(isValidUid(uid)).toBe(true);
    expect(isValidKey(uidKey(uid))).toBe(true);
    expect(uidOfKey(uidKey(uid))).toBe(uid);
  });

  it.each(['', 'a/b', '(admin)', 'a~b', 'a b', 'ü', 'a\n', 'x'.repeat(129), null, 7, ['bob']])('%j is none', (uid) => {
    expect(isValidUid(uid)).toBe(false);
  });

  it('that are made are valid and never the same', () => {
    const made = Array.from({ length: 1000 }, createUid);
    expect(made.every(isValidUid)).toBe(true);
    expect(new Set(made).size).toBe(1000);
  });
});
