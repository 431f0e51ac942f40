import { encodeNode, nodeFromJson } from '@backside/tree';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { prettyJson } from './pretty-json.js';

test('is what JSON.stringify makes of the same value, wherever the chunks end', () => {
  const key = fc.stringMatching(/^[a-z"\\{:, ]{1,8}$/);
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.dictionary(key, tie('value'), { minKeys: 1 })),
  }));
  fc.assert(
    fc.property(value, fc.integer({ min: 1, max: 20 }), (json, size) => {
      const text = encodeNode(nodeFromJson(json), 'val');
      const bytes = Buffer.from(text);
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      expect(Buffer.concat([...prettyJson(chunks)]).toString()).toBe(JSON.stringify(JSON.parse(text), null, 2));
    }),
  );
});
