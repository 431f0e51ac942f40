import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeUtf8 } from './utf8.js';

it('encodes any text as TextEncoder does, and earlier results stay as they were', () => {
  const texts = fc.sample(
    fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', minLength: 1000, maxLength: 1050 })),
    3_000,
  );
  const encoded = texts.map(encodeUtf8);
  const expected = texts.map((text) => new TextEncoder().encode(text));
  expect(encoded.findIndex((bytes, i) => Buffer.compare(bytes, expected[i]!) !== 0)).toBe(-1);
});
