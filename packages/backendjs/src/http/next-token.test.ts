import { expect, test } from 'vitest';
import type { Credential } from '../credentials/credential.js';
import { NextTokens } from './next-token.js';

const ann = { secret: 'of ann', tokenSecret: 'tokens of ann' } as Credential;
const bob = { secret: 'of bob', tokenSecret: 'tokens of bob' } as Credential;

test('without a secret a token is the base64 of the state', () => {
  const tokens = new NextTokens(() => '');
  expect(tokens.encode(1, null)).toBe('MQ==');
  expect(tokens.encode({ start: 5 }, null)).toBe('eyJzdGFydCI6NX0=');
  expect(tokens.decode('eyJzdGFydCI6NX0=', null)).toEqual({ start: 5 });
});

test('the last page has an empty one', () => {
  expect(new NextTokens(() => 'secret').encode(null, ann)).toBe('');
});

test.each(['', 'not base64 of JSON', '%%%', 'x'.repeat(10_000)])('"%.20s" counts as absent', (token) => {
  expect(new NextTokens(() => '').decode(token, null)).toBeNull();
  expect(new NextTokens(() => 'key').decode(token, null)).toBeNull();
});

test('with a secret it can be neither read, nor altered, nor taken over by somebody else', () => {
  const tokens = new NextTokens(() => 'token_secret');
  const token = tokens.encode({ start: 'here' }, ann);
  expect(Buffer.from(token.split('.')[1]!, 'base64url').toString('latin1')).not.toContain('here');
  expect(tokens.decode(token, ann)).toEqual({ start: 'here' });
  expect(tokens.decode(token, bob)).toBeNull();
  expect(tokens.decode(`${token.slice(0, -2)}AA`, ann)).toBeNull();
});

test('a secret that names no column is the key itself', () => {
  const tokens = new NextTokens(() => 'a key of its own');
  expect(tokens.decode(tokens.encode({ start: 1 }, ann), bob)).toEqual({ start: 1 });
});
