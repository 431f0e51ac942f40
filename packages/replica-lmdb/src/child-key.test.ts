import { compareKeys, isValidKey } from '@backside/tree';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_CHILD_KEY_BYTES, readChildKey, writeChildKey } from './child-key.js';

const target = Buffer.alloc(8192);

function encoded(key: string): Buffer {
  return Buffer.from(target.subarray(3, writeChildKey(key, target, 3)));
}

const digits = fc.stringMatching(/^-?0{0,3}[0-9]{1,11}$/);
const anyText = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
const key = fc
  .oneof(digits, anyText, fc.constantFrom('0', '-0', '00', '2147483647', '2147483648', '-2147483648', '-'))
  .filter((text) => isValidKey(text));

describe('the bytes of a child key', () => {
  it('are in the order of keys', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(Buffer.compare(encoded(a), encoded(b)))).toBe(Math.sign(compareKeys(a, b)));
      }),
      { numRuns: 5000 },
    );
  });

  it('are read back as the same key', () => {
    fc.assert(
      fc.property(key, (text) => {
        const bytes = encoded(text);
        expect(readChildKey(bytes, 0, bytes.length)).toBe(text);
      }),
      { numRuns: 5000 },
    );
  });

  it('are within the bound for the longest keys there are', () => {
    const longest = ['k'.repeat(768), 'é'.repeat(384), '€'.repeat(256), '😀'.repeat(192), `${'0'.repeat(767)}7`];
    for (const text of longest) {
      expect(Buffer.byteLength(text)).toBe(768);
      expect(encoded(text).length).toBeLessThanOrEqual(MAX_CHILD_KEY_BYTES);
    }
  });
});
