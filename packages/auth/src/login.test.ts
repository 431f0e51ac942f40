import { describe, expect, it } from 'vitest';
import { loginKey, normaliseEmail, normaliseUsername, parseLogin } from './login.js';

describe('logins', () => {
  it.each([
    ['Bob', 'username', 'bob'],
    ['  ada.lovelace-1815 ', 'username', 'ada.lovelace-1815'],
    ['ａｄｍｉｎ', 'username', 'admin'],
    ['Bob@Example.ORG', 'email', 'bob@example.org'],
    ['bob+tag@example.org', 'email', 'bob+tag@example.org'],
    ['bob@bücher.example', 'email', 'bob@xn--bcher-kva.example'],
    ['mi\u212Ae@example.org', 'email', 'mike@example.org'],
    ['__proto__@example.org', 'email', '__proto__@example.org'],
  ])('%j is the %s %j', (text, kind, normal) => {
    expect(parseLogin(text)).toEqual({ kind, text: normal });
  });

  it.each([
    ['a slash', 'a/b'],
    ['the name of a prototype', '__proto__'],
    ['a Cyrillic letter that looks Latin', '\u0430dmin'],
    ['a dotless i', 'adm\u0131n'],
    ['a zero-width space', 'ad\u200bmin'],
    ['text that turns direction', 'ad\u202emin'],
    ['two characters', 'ab'],
    ['nothing', ''],
    ['a dot at the end', 'bob.'],
    ['the beginning of a device key', 'dk_00000000000000000000'],
    ['a colon', 'direct:password:1'],
    ['a NUL', 'bob\0admin'],
    ['two at signs', 'a@b@example.org'],
    ['a line break', 'bob@example.org\nbcc: all'],
    ['no domain', 'bob@'],
    ['a domain of one label', 'bob@localhost'],
    ['a quoted local part', '"b b"@example.org'],
    ['a Cyrillic local part', '\u0430da@example.org'],
    ['half of a surrogate pair', 'bob\ud800'],
    ['more than 254 characters', `${'a'.repeat(60)}@${'b.'.repeat(100)}org`],
  ])('with %s are none', (_what, text) => {
    expect(parseLogin(text)).toBeNull();
  });

  it('are found under a key that is a hash, whatever they are made of', () => {
    expect(loginKey({ kind: 'email', text: 'a@example.org' })).toMatch(/^[0-9a-f]{64}$/);
    expect(loginKey({ kind: 'email', text: 'same' })).not.toBe(loginKey({ kind: 'username', text: 'same' }));
  });

  it('are refused with their reason where one is wanted', () => {
    expect(() => normaliseEmail('bob')).toThrow(expect.objectContaining({ code: 'invalid-data' }));
    expect(() => normaliseUsername('bob@example.org')).toThrow(expect.objectContaining({ code: 'invalid-data' }));
  });
});
