import { expect, test } from 'vitest';
import { sameText, scrambleSecret, signatureOf } from './keyed-hash.js';

test('only equal texts are the same, whatever their lengths', () => {
  expect(sameText('signature', 'signature')).toBe(true);
  for (const other of ['', 'Signature', 'signatur', 'signature ', 'x'.repeat(10_000)]) {
    expect(sameText('signature', other)).toBe(false);
  }
});

test('each part of the key counts where it belongs, and nowhere else', () => {
  const secrets = { secret: 's', tokenSecret: 't', authSecret: 'a' };
  const made = (version: number, more: Partial<typeof secrets>): string =>
    signatureOf(version, 'text', { ...secrets, ...more });
  expect([1, 2, 4].map((version) => made(version, { tokenSecret: 'u' }) === made(version, {}))).toEqual([
    true,
    true,
    true,
  ]);
  expect([1, 2, 3].map((version) => made(version, { authSecret: 'b' }) === made(version, {}))).toEqual([
    true,
    true,
    true,
  ]);
  expect(made(3, { tokenSecret: 'u' })).not.toBe(made(3, {}));
  expect(made(4, { authSecret: 'b' })).not.toBe(made(4, {}));
  expect([1, 2, 3, 4].map((version) => made(version, { secret: 'r' }) === made(version, {}))).toEqual(
    Array(4).fill(false),
  );
});

test('a scrambled secret is another for each login', () => {
  expect(scrambleSecret('ann', 'secret')).not.toBe(scrambleSecret('bob', 'secret'));
});
