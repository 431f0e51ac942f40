import {
  applyQuery,
  makeMap,
  type Node,
  nodeFromJson,
  nodeToJson,
  parseQuery,
  type Query,
  queryEntries,
} from '@backside/tree';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replaceAt } from './edit.js';
import { QueryWindow } from './query-window.js';
import { CountingPath } from './testing/counting-path.js';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', '1', '2', '10');
const value = fc.constantFrom(null, 0, 1, 2, 'x', true, { n: 1 }, { n: 2 }, { '.value': 1, '.priority': 2 });
const change = fc.dictionary(key, value, { minKeys: 1, maxKeys: 3 });
const query = fc
  .record({
    orderBy: fc.constantFrom('$key', '$value', '$priority', 'n'),
    from: fc.option(fc.constantFrom('startAt', 'startAfter'), { nil: undefined }),
    to: fc.option(fc.constantFrom('endAt', 'endBefore'), { nil: undefined }),
    bounds: fc.tuple(fc.nat(2), fc.nat(2)),
    limit: fc.option(fc.constantFrom('limitToFirst', 'limitToLast'), { nil: undefined }),
    count: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ orderBy, from, to, bounds, limit, count }): Query => {
    const bound = (index: 0 | 1): string | number =>
      orderBy === '$key' ? 'acde'.charAt(bounds[index]) : bounds[index];
    return parseQuery({
      orderBy,
      ...(from && { [from]: bound(0) }),
      ...(to && { [to]: bound(1) }),
      ...(limit && { [limit]: count }),
    });
  });

describe('a window', () => {
  it('shows what the query chooses after each change, and says where it differs', () => {
    fc.assert(
      fc.property(query, fc.array(change, { maxLength: 12 }), (chosenBy, changes) => {
        let node: Node = null;
        const window = new QueryWindow(chosenBy, node);
        for (const values of changes) {
          const before = window.chosen;
          for (const [at, json] of Object.entries(values)) node = replaceAt(node, [at], nodeFromJson(json));
          const touched = window.follow(node, new Set(Object.keys(values)));
          expect(window.chosen).toEqual(applyQuery(node, chosenBy));
          expect(window.keys()).toEqual(queryEntries(node, chosenBy).map(([at]) => at));
          for (const at of ['a', 'b', 'c', 'd', 'e', '1', '2', '10'])
            if (!touched.has(at)) expect(child(window.chosen, at)).toEqual(child(before, at));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([{ limit: { count: 10, from: 'last' as const } }, { start: { value: 5_000, inclusive: true } }])(
    'of 10,000 children looks at few of them when one changes: %j',
    (bounds) => {
      const path = CountingPath.from(['n']) as CountingPath;
      const entries = Array.from({ length: 10_000 }, (_, n): [string, Node] => [`k${n}`, nodeFromJson({ n })]);
      let node = makeMap(entries);
      const window = new QueryWindow({ order: { by: 'child', path }, ...bounds }, node);
      expect(path.lookUps).toBeGreaterThan(9_999);
      path.lookUps = 0;
      for (let n = 0; n < 100; n++) {
        node = replaceAt(node, [`k${n * 7}`], nodeFromJson({ n: 9_000 + n }));
        window.follow(node, new Set([`k${n * 7}`]));
      }
      expect(path.lookUps).toBeLessThan(100 * 20);
      const chosen = applyQuery(node, { order: { by: 'child', path }, ...bounds });
      expect(nodeToJson(window.chosen, 'export')).toEqual(nodeToJson(chosen, 'export'));
    },
  );
});

function child(node: Node, at: string): unknown {
  return node === null ? null : ((node as { children?: ReadonlyMap<string, unknown> }).children?.get(at) ?? null);
}
