import { type Json, nodeFromJson, nodeToJson } from '@backside/tree';
import { expect, test } from 'vitest';
import { fromStored, rowFrom, toStored } from './row-json.js';
import { pathOf } from './table.js';
import { MESSAGES } from './tables.js';

/** What comes back from a tree. */
function throughTree(value: Json): Json {
  return fromStored(nodeToJson(nodeFromJson(toStored(value)), 'export'));
}

test('any value comes back as it was, whatever its keys mean to the tree', () => {
  for (const value of [
    'text',
    7,
    false,
    { 'a.b/c': { '.sv': 'timestamp', '.value': 1, '.priority': 2, $x: '#' } },
    ['a', ['b', { c: 'd' }]],
    { 0: 'a', 2: 'b' },
    JSON.parse('{"__proto__": {"constructor": "x"}}') as Json,
  ]) {
    expect(throughTree(value)).toEqual(value);
  }
});

test('priorities of the tree are no columns', () => {
  const stored = nodeToJson(nodeFromJson({ '.priority': 1, a: { '.value': 'x', '.priority': 2 } }), 'export');
  expect(fromStored(stored)).toEqual({ a: 'x' });
});

test('the key is what the path says', () => {
  const path = pathOf(MESSAGES.levels, { id: 'me', mtime: 1_700_000_000_000, sender: 'a:b' });
  expect(path).toEqual(['messages', 'me', 'inbox', '1700000000000:a:b']);
  expect(rowFrom(MESSAGES, path, { sender: 'forged', id: 'forged', msg: 'x', flags: { 1: 'b', 0: 'a' } })).toEqual({
    id: 'me',
    mtime: 1_700_000_000_000,
    sender: 'a:b',
    msg: 'x',
    flags: ['a', 'b'],
  });
});

test('a leaf is a row without columns', () => {
  expect(rowFrom(MESSAGES, ['messages', 'me', 'inbox', '5:x'], true)).toEqual({ id: 'me', mtime: 5, sender: 'x' });
});
