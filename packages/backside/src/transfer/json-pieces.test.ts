import { applyChanges, type Change, nodeFromJson, nodesEqual } from '@backside/tree';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonDocumentError } from './json-document-error.js';
import { type Batch, readJsonPieces } from './json-pieces.js';
import { leavesOf, nestedValue } from './piece.js';

const OPTIONS = { batchBytes: 64, maxTokenBytes: 1_000, maxDepth: 32 };

async function* chunked(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function read(text: string, options: Partial<typeof OPTIONS & { size: number }> = {}): Promise<Batch[]> {
  const batches: Batch[] = [];
  const source = chunked(text, options.size ?? 7);
  for await (const batch of readJsonPieces(source, { ...OPTIONS, ...options })) batches.push(batch);
  return batches;
}

async function problemOf(text: string, options: Partial<typeof OPTIONS & { size: number }> = {}): Promise<string> {
  const error = await read(text, options).catch((reason: unknown) => reason);
  return error instanceof JsonDocumentError ? error.message : `not refused: ${String(error)}`;
}

function changesOf(batches: readonly Batch[]): Change[] {
  return batches.flatMap(({ pieces }) => pieces.map(({ keys, value }) => ({ path: keys, value: nodeFromJson(value) })));
}

const key = fc.constantFrom('a', 'b', 'key', '__proto__', 'constructor', '0', '12', 'ü', 'a b');
const { document } = fc.letrec((tie) => ({
  document: fc.oneof({ maxDepth: 6, withCrossShrink: true }, tie('leaf'), tie('map'), tie('list')),
  leaf: fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
  map: fc.dictionary(key, tie('document'), { maxKeys: 6, noNullPrototype: false }),
  list: fc.array(tie('document'), { maxLength: 6 }),
}));

describe('a document in pieces', () => {
  test('written one after the other, the pieces make the document, however it is cut', async () => {
    const cuts = [fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 50 })] as const;
    await fc.assert(
      fc.asyncProperty(document, ...cuts, async (value, batchBytes, size) => {
        const text = JSON.stringify(value, null, batchBytes % 3);
        const written = applyChanges(null, changesOf(await read(text, { batchBytes, size, maxTokenBytes: 10_000 })));
        expect(nodesEqual(written, nodeFromJson(JSON.parse(text)))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('priorities survive, also of maps that are cut', async () => {
    const people = Array.from({ length: 9 }, (_, n) => [`p${n}`, { '.value': `name ${n}`, '.priority': n }]);
    const text = JSON.stringify({
      '.priority': 'top',
      people: { '.priority': 1, ...Object.fromEntries(people) },
      z: 1,
    });
    const batches = await read(text);
    expect(batches.length).toBeGreaterThan(3);
    const [first, ...rest] = batches;
    const begun = nodeFromJson(nestedValue(first!.pieces));
    expect(nodesEqual(applyChanges(begun, changesOf(rest)), nodeFromJson(JSON.parse(text)))).toBe(true);
  });

  test('what is short stays whole, and a short document is one piece at the root', async () => {
    const item = { name: 'x'.repeat(20), age: 1 };
    const batches = await read(JSON.stringify(Object.fromEntries('abcdefgh'.split('').map((name) => [name, item]))));
    const pieces = batches.flatMap((batch) => [...batch.pieces]);
    expect(pieces.map(({ keys }) => keys.join('/'))).toEqual([...'abcdefgh']);
    expect((await read('{"a": {"b": 1}}')).map(({ pieces }) => pieces)).toEqual([
      [{ keys: [], value: { a: { b: 1 } } }],
    ]);
    expect((await read('17'))[0]!.pieces).toEqual([{ keys: [], value: 17 }]);
  });

  test('no batch covers more than about twice the size that was asked for', async () => {
    const text = JSON.stringify({
      a: { b: { c: Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k${n}`, n])) } },
    });
    const offsets = (await read(text)).map(({ offset }) => offset);
    const widths = offsets.map((offset, index) => offset - (offsets[index - 1] ?? 0));
    expect(Math.max(...widths)).toBeLessThan(2 * OPTIONS.batchBytes + 16);
    expect(offsets.at(-1)).toBe(text.length - '}}}'.length);
  });

  test('cut into leaves, they name no map', async () => {
    const [batch] = await read('{"a": {"b": 1, "c": {"d": {".value": 2, ".priority": 3}}}, "e": [true]}', {
      batchBytes: 999,
    });
    expect([...leavesOf(batch!.pieces)].map(({ keys }) => keys.join('/'))).toEqual(['a/b', 'a/c/d', 'e/0']);
  });
});

describe('a bad document is refused with its place', () => {
  test.each([
    ['{"a": 1,\n "b": x}', 'line 2, column 7 (byte 15): unexpected "x"'],
    ['{"a": 1\n "b": 2}', 'line 2, column 2 (byte 9): "," or the end of what is open expected'],
    ['{"a": 1} {', 'line 1, column 10 (byte 9): something follows the document'],
    ['{"a": [1, 2}', 'line 1, column 12 (byte 11): "," or the end of what is open expected'],
    ['[1,]', 'line 1, column 4 (byte 3): a value expected'],
    ['{"a" 1}', 'line 1, column 6 (byte 5): ":" expected'],
    ['{,}', 'line 1, column 2 (byte 1): a key or "}" expected'],
    ['{"a": 1,}', 'line 1, column 9 (byte 8): a key expected'],
    ['{"a": {"b": 1}', 'line 1, column 15 (byte 14): the document ends too early'],
    ['{"a": "b', 'line 1, column 9 (byte 8): the document ends too early'],
    ['', 'line 1, column 1 (byte 0): the document ends too early'],
    ['\n{"ü": 1, "a/b": 2}', 'line 2, column 11 (byte 11): "a/b" cannot be a key'],
    ['{"$a": 2}', 'line 1, column 2 (byte 1): "$a" cannot be a key'],
  ])('%j', async (text, message) => {
    for (const size of [1, 3, 100]) expect(await problemOf(text, { size })).toBe(message);
  });

  test('too many levels', async () => {
    expect(await problemOf('['.repeat(100))).toBe('line 1, column 34 (byte 33): more than 32 levels');
  });

  test('a text without end', async () => {
    expect(await problemOf(`"${'x'.repeat(5_000)}"`, { size: 100 })).toMatch(/a value of more than 1000 bytes$/);
  });

  test('a node that is both a leaf and a map, when it had to be cut', async () => {
    const children = Array.from({ length: 20 }, (_, n) => `"key${n}": ${n}`).join(',');
    expect(await problemOf(`{"a": {${children}, ".value": 1}}`)).toMatch(/a node with children has a ".value"$/);
  });
});
