import { bench, describe } from 'vitest';
import { encodeNode } from './encode.js';
import { nodeFromJson } from './json.js';
import { compareKeys } from './key-order.js';
import { makeMap, type Node } from './node.js';
import { parsePath } from './path.js';
import { parseQuery } from './query-json.js';
import { readQuery } from './read-query.js';
import { nodeReader } from './reader.js';
import { SparseTree } from './sparse-tree.js';

const MESSAGE = {
  name: 'Ada Lovelace',
  text: 'How are you today?',
  at: 1_700_000_000_000,
  ok: true,
  author: 'u1234567',
};
const NODE = nodeFromJson(MESSAGE);
const COUNT = 100_000;

describe('what every write does', () => {
  bench('parsePath, four keys', () => void parsePath('/users/abc123/profile/name'));
  bench('nodeFromJson, five leaves', () => void nodeFromJson(MESSAGE));
  bench('encodeNode, five leaves', () => void encodeNode(NODE, 'val'));
  bench('JSON.stringify, for comparison', () => void JSON.stringify(MESSAGE));
  bench('compareKeys, push ids', () => void compareKeys('-Nabcdefghijklmnopqr', '-Nabcdefghijklmnopqs'));
});

describe('an overlay', () => {
  const wide = makeMap(Array.from({ length: COUNT }, (_, index): [string, Node] => [`k${index}`, index]));
  const base = nodeReader(makeMap([['wide', wide]]));
  const overlay = new SparseTree();
  const view = overlay.over(base);
  const last = parseQuery({ orderBy: '$key', limitToLast: 10 });
  let i = 0;

  bench('apply below a wide map', () => overlay.apply({ path: ['wide', `k${i++ % COUNT}`, 'x'], value: i }, base));
  bench('glance', () => void view.glance(['wide', `k${i++ % COUNT}`, 'x']));
  bench('apply, then the last ten in key order', () => {
    overlay.apply({ path: ['wide', `z${i++ % COUNT}`], value: i }, base);
    readQuery(view, ['wide'], last);
  });
});
