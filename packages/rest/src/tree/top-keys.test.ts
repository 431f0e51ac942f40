import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TopKeys } from './top-keys.js';

test('are the names of the outermost object, wherever the chunks end', () => {
  const key = fc.string({ minLength: 1 }).filter((text) => !text.startsWith('.') && text !== '__proto__');
  fc.assert(
    fc.property(fc.dictionary(key, fc.jsonValue({ maxDepth: 3 })), fc.integer({ min: 1, max: 20 }), (value, size) => {
      const bytes = Buffer.from(JSON.stringify(value));
      const keys = new TopKeys();
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += size) found.push(...keys.read(bytes.subarray(at, at + size)));
      expect(found).toEqual(Object.keys(value));
      expect(keys.isLeaf).toBe(false);
    }),
  );
});

test.each(['"text"', '12', 'null', '{".value":1,".priority":2}'])('%s is a leaf', (text) => {
  const keys = new TopKeys();
  expect(keys.read(Buffer.from(text))).toEqual([]);
  expect(keys.isLeaf).toBe(true);
});
