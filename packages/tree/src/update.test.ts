import { describe, expect, it } from 'vitest';
import { applyChanges } from './change.js';
import { diffNodes } from './diff.js';
import { nodeToJson } from './encode.js';
import { nodeFromJson } from './json.js';
import { UNLIMITED } from './limits.js';
import { normalizeChanges } from './normalize.js';
import { nodeReader } from './reader.js';
import { parseUpdate } from './update.js';

describe('parseUpdate', () => {
  it('gives absolute paths: additions, then removals, then priorities', () => {
    const changes = parseUpdate(['base'], { gone: null, 'x/.priority': 1, 'a/b': { c: 1 }, d: false });
    expect(changes.map(({ path, value }) => [path.join('/'), nodeToJson(value, 'export')])).toEqual([
      ['base/a/b', { c: 1 }],
      ['base/d', false],
      ['base/gone', null],
      ['base/x/.priority', 1],
    ]);
  });

  it('refuses what would be below a priority', () => {
    const refusal = expect.objectContaining({ code: 'invalid-path' });
    for (const json of [{ a: 1 }, { 'a/b': null }, { '.priority': 1 }]) {
      expect(() => parseUpdate(['base', '.priority'], json)).toThrow(refusal);
    }
  });

  it('asks for existing values below the base', () => {
    const asked: string[] = [];
    const existing = (path: readonly string[]): number => {
      asked.push(path.join('/'));
      return 40;
    };
    const json = { 'a/b': { c: { '.sv': { increment: 2 } } }, 'd/.priority': { '.sv': 'timestamp' } };
    const [first, second] = parseUpdate(['base'], json, { serverValues: { now: 7, existing } });
    expect(nodeToJson(first?.value ?? null, 'val')).toEqual({ c: 42 });
    expect(second?.value).toBe(7);
    expect(asked).toEqual(['a/b/c']);
  });

  it('finds overlaps among many paths', () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`a/k${index}/x`, index]));
    expect(parseUpdate([], many)).toHaveLength(20_000);
    expect(() => parseUpdate([], { ...many, 'a/k777': 1 })).toThrow(expect.objectContaining({ code: 'invalid-data' }));
    expect(() => parseUpdate([], { 'a/k777': 1, ...many })).toThrow(expect.objectContaining({ code: 'invalid-data' }));
  });

  it('bounds the size of all values together', () => {
    const part = 'x'.repeat(6_000_000);
    expect(parseUpdate([], { a: part, b: part })).toHaveLength(2);
    expect(() => parseUpdate([], { a: part, b: part, c: part })).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
  });

  it('has limits of its own choice', () => {
    expect(() => parseUpdate([], { a: 'x'.repeat(20_000_000) })).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
    expect(parseUpdate([], { a: 'x'.repeat(20_000_000) }, { limits: UNLIMITED })).toHaveLength(1);
  });
});

describe('normalizeChanges', () => {
  const change = (path: string, json: unknown): { path: string[]; value: ReturnType<typeof nodeFromJson> } => ({
    path: path.split('/').filter((key) => key !== ''),
    value: nodeFromJson(json),
  });

  it('folds later changes into earlier ones, and drops what is overwritten', () => {
    const list = [change('a/x', 1), change('b', { y: 1 }), change('b/z', 2), change('a', 3), change('a/.priority', 4)];
    expect(normalizeChanges(list).map(({ path, value }) => [path.join('/'), nodeToJson(value, 'export')])).toEqual([
      ['a', { '.value': 3, '.priority': 4 }],
      ['b', { y: 1, z: 2 }],
    ]);
  });

  it('needs the base to tell that a map was emptied on the way', () => {
    const base = nodeFromJson({ m: { x: 1, '.priority': 5 } });
    const list = [change('m/x', null), change('m/y', 2)];
    const apply = (changes: ReturnType<typeof normalizeChanges>): unknown =>
      nodeToJson(applyChanges(base, changes), 'export');
    expect(apply(list)).toEqual({ m: { y: 2 } });
    expect(apply(normalizeChanges(list, nodeReader(base)))).toEqual({ m: { y: 2 } });
    expect(apply(normalizeChanges(list))).toEqual({ m: { y: 2, '.priority': 5 } });
  });
});

describe('diffNodes', () => {
  it('is as deep as it can be', () => {
    const before = nodeFromJson({ a: { b: 1, c: { d: 1, e: 2 } }, f: 1, '.priority': 1 });
    const after = nodeFromJson({ a: { b: 1, c: { d: 1, e: 3 } }, g: { h: 1 } });
    expect(diffNodes(before, after).map(({ path, value }) => [path.join('/'), nodeToJson(value, 'export')])).toEqual([
      ['a/c/e', 3],
      ['g', { h: 1 }],
      ['f', null],
      ['.priority', null],
    ]);
    expect(diffNodes(before, before)).toEqual([]);
    expect(diffNodes(before, null)).toEqual([{ path: [], value: null }]);
  });
});
