import fc from 'fast-check';
import { expect, it } from 'vitest';
import { assertBlobKey, blobKeyPart } from './blob-key.js';

it.each([
  ['', '%'],
  ['.', '%2E'],
  ['..', '%2E.'],
  ['.hidden', '%2Ehidden'],
  ['a/b', 'a%2Fb'],
  ['a b.txt', 'a%20b.txt'],
  ["it's (*)", 'it%27s%20%28%2A%29'],
  ['ä', '%C3%A4'],
  ['@', '%40'],
])('makes of %j the part %j', (text, part) => {
  expect(blobKeyPart(text)).toBe(part);
});

it('makes valid, different parts of different texts', () => {
  const texts = fc.string({ unit: 'binary', maxLength: 15 });
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      assertBlobKey(`${blobKeyPart(one)}/${blobKeyPart(other)}`);
      expect(blobKeyPart(one) === blobKeyPart(other)).toBe(one === other);
      expect(decodeURIComponent(blobKeyPart(one).replace(/^%$/, ''))).toBe(one);
    }),
  );
});
