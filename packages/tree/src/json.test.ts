import { describe, expect, it } from 'vitest';
import { encodeNode, nodeToJson } from './encode.js';
import { nodeBytes, nodeFromJson } from './json.js';
import { DEFAULT_LIMITS, UNLIMITED } from './limits.js';
import { MapNode, PriorityLeaf } from './node.js';
import { containsServerValues } from './server-value.js';

const refused = (code: string): unknown => expect.objectContaining({ name: 'TreeError', code });

function nested(depth: number): unknown {
  let json: unknown = 1;
  for (let i = 0; i < depth; i++) json = { k: json };
  return json;
}

describe('nodeFromJson', () => {
  it('makes bare leaves, leaves with a priority and maps', () => {
    expect(nodeFromJson('x')).toBe('x');
    expect(nodeFromJson({ '.value': 0, '.priority': 1 })).toEqual(new PriorityLeaf(0, 1));
    const map = nodeFromJson({ a: 1, '.priority': 'p' }) as MapNode;
    expect(map).toBeInstanceOf(MapNode);
    expect([...map.children]).toEqual([['a', 1]]);
    expect(map.priority).toBe('p');
  });

  it.each([
    ['NaN', Number.NaN],
    ['infinity', Number.NEGATIVE_INFINITY],
    ['undefined', undefined],
    ['a function', (): void => {}],
    ['a symbol', Symbol('s')],
    ['a big integer', 1n],
  ])('refuses %s, at the top and inside', (_, value) => {
    expect(() => nodeFromJson(value)).toThrow(refused('invalid-data'));
    expect(() => nodeFromJson({ a: [value] })).toThrow(refused('invalid-data'));
    expect(() => nodeFromJson({ '.value': 1, '.priority': value })).toThrow(refused('invalid-data'));
  });

  it('skips the holes of an array', () => {
    const list = ['a'];
    list[2] = 'c';
    expect(nodeToJson(nodeFromJson(list), 'export')).toEqual({ 0: 'a', 2: 'c' });
  });

  it('refuses a hundred thousand levels without overflowing the stack, even unlimited', () => {
    expect(() => nodeFromJson(nested(100_000))).toThrow(refused('too-large'));
    expect(() => nodeFromJson(nested(100_000), { limits: UNLIMITED })).toThrow(refused('too-large'));
    expect(encodeNode(nodeFromJson(nested(1000), { limits: UNLIMITED }), 'val')).toHaveLength(6001);
  });

  it('counts the keys above the value', () => {
    expect(nodeFromJson(1, { depth: 32 })).toBe(1);
    expect(() => nodeFromJson(1, { depth: 33 })).toThrow(refused('too-large'));
    expect(() => nodeFromJson({ a: 1 }, { depth: 32 })).toThrow(refused('too-large'));
  });

  it('bounds leaves, priorities and the whole write in bytes', () => {
    const limits = { ...DEFAULT_LIMITS, maxLeafBytes: 6, maxWriteBytes: 20 };
    expect(nodeFromJson('\u20ac\u20ac', { limits })).toBe('\u20ac\u20ac');
    expect(() => nodeFromJson('\u20ac\u20acx', { limits })).toThrow(refused('too-large'));
    expect(() => nodeFromJson({ '.value': 1, '.priority': '1234567' }, { limits })).toThrow(refused('too-large'));
    expect(nodeFromJson({ ab: 1, cd: 2 }, { limits })).toBeInstanceOf(MapNode);
    expect(() => nodeFromJson({ ab: 1, cde: 2 }, { limits })).toThrow(refused('too-large'));
    expect(nodeBytes(nodeFromJson({ a: '\u00e9', b: { '.value': true, '.priority': 'xy' } }))).toBe(1 + 2 + 1 + 8 + 2);
  });

  it('knows only own properties', () => {
    expect(nodeFromJson(Object.create({ inherited: 1 }))).toBeNull();
    expect(encodeNode(nodeFromJson(JSON.parse('{"__proto__":{"a":1}}')), 'val')).toBe('{"__proto__":{"a":1}}');
  });

  it('asks for the existing value at the place of an increment', () => {
    const asked: (readonly string[])[] = [];
    const existing = (path: readonly string[]): number => asked.push(path);
    const json = { a: [{ '.sv': { increment: 10 } }], b: { '.value': 1, '.priority': { '.sv': { increment: 20 } } } };
    expect(nodeToJson(nodeFromJson(json, { serverValues: { now: 0, existing } }), 'export')).toEqual({
      a: { 0: 11 },
      b: { '.value': 1, '.priority': 22 },
    });
    expect(asked).toEqual([
      ['a', '0'],
      ['b', '.priority'],
    ]);
  });

  it('refuses server values where none can be resolved', () => {
    expect(() => nodeFromJson({ a: { '.sv': 'timestamp' } })).toThrow(refused('invalid-data'));
  });
});

describe('containsServerValues', () => {
  it('finds them at any depth', () => {
    expect(containsServerValues({ a: [{ b: { '.sv': 'timestamp' } }] })).toBe(true);
    expect(containsServerValues({ '.value': 1, '.priority': { '.sv': 'timestamp' } })).toBe(true);
    expect(containsServerValues({ a: ['.sv', { sv: 1 }], b: null })).toBe(false);
    expect(containsServerValues(nested(100_000))).toBe(false);
  });
});

describe('encodeNode', () => {
  it('writes keys in key order, whatever the order of insertion', () => {
    const json = JSON.parse('{"b":1,"a":2,"10":3,"9":4,"-1":5}');
    expect(encodeNode(nodeFromJson(json), 'val')).toBe('{"-1":5,"9":4,"10":3,"a":2,"b":1}');
  });

  it('escapes short and long strings alike', () => {
    const odd = '"\\\n\u0000\u2028\ud800 \u{1f600}';
    for (const text of [odd, odd.repeat(20), 'plain', 'plain'.repeat(20)]) {
      expect(JSON.parse(encodeNode(text, 'export'))).toBe(text);
      expect(encodeNode(text, 'val')).toBe(JSON.stringify(text));
    }
  });

  it('writes minus zero as zero', () => {
    expect(encodeNode(-0, 'val')).toBe('0');
    expect(encodeNode(new PriorityLeaf(-0, -0), 'export')).toBe('{".value":0,".priority":0}');
  });
});
