import { expect, test } from 'vitest';
import { openToken, sealToken } from './sealed-token.js';

const SECRET = 'a token secret';
const ONLY_NEW = { secret: SECRET, legacy: false };

test('a token opens with its secret and with no other', () => {
  const token = sealToken('3||ann|hmac|17||', SECRET);
  expect(openToken(token, ONLY_NEW)).toBe('3||ann|hmac|17||');
  expect(openToken(token, { ...ONLY_NEW, secret: 'another' })).toBeNull();
  expect(openToken(token, { ...ONLY_NEW, secret: '' })).toBeNull();
});

test('two tokens of one text differ, and neither shows it', () => {
  const [one, two] = [sealToken('of ann', SECRET), sealToken('of ann', SECRET)];
  expect(one).not.toBe(two);
  expect(Buffer.from(one.slice(3), 'base64url').toString('latin1')).not.toContain('ann');
});

test('a token with any byte altered, or cut anywhere, does not open', () => {
  const token = sealToken('3||ann|hmac|17||', SECRET);
  for (let at = 3; at < token.length - 1; at++) {
    const altered = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    expect(openToken(altered, ONLY_NEW)).toBeNull();
    expect(openToken(token.slice(0, at), ONLY_NEW)).toBeNull();
  }
});

test.each(['', 'zz', '00', 'a1.', `a1.${'A'.repeat(9_000)}`])('"%.10s" opens to nothing', (token) => {
  expect(openToken(token, { secret: SECRET, legacy: true })).toBeNull();
});
