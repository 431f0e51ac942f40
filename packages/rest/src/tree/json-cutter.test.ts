import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cut, JsonCutter } from './json-cutter.js';

const OPTIONS = { batchBytes: 64, maxValueBytes: 1_000 };

/** Cuts a document that comes in chunks of so many bytes. */
function cut(text: string | Uint8Array, chunkBytes: number): Cut[] {
  const bytes = Buffer.from(text as string);
  const cutter = new JsonCutter(OPTIONS);
  const cuts: Cut[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) cuts.push(...cutter.push(bytes.subarray(at, at + chunkBytes)));
  cutter.end();
  return cuts;
}

type Tree = { [key: string]: unknown };

/** What the cuts make together: a first one replaces what is there. */
function joined(cuts: readonly Cut[]): unknown {
  const root: Tree = { document: null };
  for (const { keys, members, first } of cuts) {
    let parent = root;
    let name = 'document';
    for (const key of keys) {
      parent = parent[name] as Tree;
      name = key;
    }
    if (first) define(parent, name, Object.create(null));
    for (const [key, value] of members) define(parent[name] as Tree, key, value);
  }
  return plain(root.document);
}

function define(object: Tree, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Lists as maps of their indexes, as the cutter names their members. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, child]) => [key, plain(child)]));
}

const document = fc.oneof(
  fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }), { maxKeys: 30 }),
  fc.array(fc.jsonValue({ maxDepth: 5 }), { maxLength: 30 }),
);

test('the cuts of a document make the document, wherever its chunks end', () => {
  fc.assert(
    fc.property(document, fc.integer({ min: 1, max: 100 }), fc.constantFrom(undefined, 1), (value, size, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(joined(cut(text, size))).toEqual(plain(JSON.parse(text)));
    }),
    { numRuns: 300 },
  );
});

/** What `JSON.parse` makes of the text, if that is an object or a list; `refused` for anything else. */
function parsed(text: string): unknown {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? plain(value) : 'refused';
  } catch {
    return 'refused';
  }
}

function cutAndJoined(text: string, size: number): unknown {
  try {
    return joined(cut(text, size));
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid-data' });
    return 'refused';
  }
}

test('a text with one character too many, too few or replaced is taken and refused as JSON.parse does', () => {
  const long = 'x'.repeat(OPTIONS.batchBytes);
  const member = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(long, { a: { b: long }, c: 1 }, [1, [long], {}]),
  );
  const small = fc.oneof(
    fc.dictionary(fc.string({ maxLength: 6 }), member, { maxKeys: 4 }),
    fc.array(member, { maxLength: 4 }),
  );
  const piece = fc.constantFrom(...'{}[],:"1 \\', '');
  const place = fc.nat({ max: 1_000 });
  fc.assert(
    fc.property(small, place, fc.integer({ min: 0, max: 1 }), piece, fc.integer({ min: 1, max: 90 }), (...given) => {
      const [value, at, dropped, inserted, size] = given;
      const text = JSON.stringify(value);
      const from = at % text.length;
      const changed = text.slice(0, from) + inserted + text.slice(from + dropped);
      expect(cutAndJoined(changed, size), changed).toEqual(parsed(changed));
    }),
    { numRuns: 3_000 },
  );
});

test('each object is handed out for the last time once, after all of its members', () => {
  const value = { a: { b: 'x'.repeat(100), c: { d: 'y'.repeat(100) } }, e: [1, 'z'.repeat(100)] };
  const cuts = cut(JSON.stringify(value), 7);
  const names = cuts.map(({ keys, first, last }) => `${keys.join('/')} ${first} ${last}`);
  expect(names.filter((name) => name.endsWith('true')).length).toBe(new Set(cuts.map((c) => c.keys.join('/'))).size);
  expect(names.at(-1)).toBe(' false true');
});

test('what is cut off, broken or followed by something is refused at every place', () => {
  const text = `{"a": ["${'x'.repeat(70)}", {"b": 1}], "c": {"d": "${'y'.repeat(70)}"}, "e": true}`;
  for (let end = 0; end < text.length; end++) expect(() => cut(text.slice(0, end), 16)).toThrow(/parse/);
  for (const broken of [
    '{"a":1,}',
    '{,}',
    '[1,]',
    '{"a":1}}',
    '{"a":1} x',
    '{"a" 1}',
    '[1}',
    '{"a":1]',
    '{}{}',
    '{"a","b"}',
    '{"a":1,"b"}',
    '{"a":1:2}',
    '{"a":1 "b":2}',
    '{2:1}',
    '{{}:1}',
    '{["a":1]}',
    '{"a":{"b":1}:2}',
    '{"a":{"b":1},"c"}',
    '["a":1]',
    '[[1][1]]',
    '{"a":[1]"b":[1]}',
    '[{"a":1}{"b":1}]',
  ]) {
    expect(() => cut(broken, 3), broken).toThrow(/parse/);
    const padded = broken.replaceAll('1', `"${'p'.repeat(100)}"`);
    expect(() => cut(padded, 3), padded).toThrow(/parse/);
  }
});

test('what is no UTF-8 is refused', () => {
  expect(() => cut(new Uint8Array([0x5b, 0x22, 0xff, 0x22, 0x5d]), 2)).toThrow(/parse/);
});

test('a value that is too long, and levels without end, are refused', () => {
  expect(() => cut(`{"a":"${'x'.repeat(2_000)}"}`, 16)).toThrow(expect.objectContaining({ code: 'too-large' }));
  expect(() => cut('['.repeat(10_000), 1_000)).toThrow(expect.objectContaining({ code: 'too-large' }));
});
