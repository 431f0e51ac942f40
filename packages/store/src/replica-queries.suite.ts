import { encodeNode, getAt, type Path, type PresentNode, parseQuery, type Query, queryEntries } from '@backside/tree';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { IndexDefinition, Replica } from './replica.js';
import { disjointChanges, queries } from './replica-samples.js';
import { type ReplicaWriter, writerOf } from './replica-writer.js';

/** Queries, with and without indexes. */
export function replicaQueries(replica: () => Replica): void {
  it('chooses by key, value, priority and child, in the order of the query', () => {
    writerOf(replica()).set('/users', USERS);
    const keysOf = (query: object): string[] =>
      replica()
        .query(['users'], parseQuery(query))
        .entries.map(([key]) => key);
    expect(keysOf({ orderBy: '$key', startAt: 'b', limitToFirst: 2 })).toEqual(['bob', 'cem']);
    expect(keysOf({ orderBy: '$key', limitToLast: 2 })).toEqual(['cem', 'dan']);
    expect(keysOf({ orderBy: '$priority' })).toEqual(['ann', 'dan', 'cem', 'bob']);
    expect(keysOf({ orderBy: 'age' })).toEqual(['dan', 'ann', 'cem', 'bob']);
    expect(keysOf({ orderBy: 'age', startAt: 30, endAt: 40 })).toEqual(['ann', 'cem']);
    expect(keysOf({ orderBy: 'age', equalTo: null })).toEqual(['dan']);
    expect(keysOf({ orderBy: 'name/last', limitToLast: 1 })).toEqual(['dan']);
  });

  it('chooses nothing of a leaf or of absence', () => {
    writerOf(replica()).set('/leaf', 1);
    for (const path of [['leaf'], ['absent']]) {
      expect(replica().query(path, parseQuery({ orderBy: 'age', limitToFirst: 1 })).entries).toEqual([]);
    }
  });

  it('says whether the order needed an index that is not defined', async () => {
    writerOf(replica()).set('/users', USERS);
    const indexed = (query: object): boolean => replica().query(['users'], parseQuery(query)).indexed;
    const byAge = { orderBy: 'age', limitToFirst: 1 };
    expect(indexed({ orderBy: '$key', limitToFirst: 1 })).toBe(true);
    expect(indexed({ orderBy: '$priority', limitToFirst: 1 })).toBe(true);
    expect(indexed(byAge)).toBe(false);
    expect(indexed({ orderBy: '$value', limitToFirst: 1 })).toBe(false);
    await replica().setIndexes([
      { pattern: ['users'], by: ['age'] },
      { pattern: ['$any', 'deeper'], by: 'value' },
    ]);
    expect(indexed(byAge)).toBe(true);
    expect(indexed({ orderBy: '$value', limitToFirst: 1 })).toBe(false);
    expect(replica().query(['users', 'deeper'], parseQuery({ orderBy: '$value', limitToFirst: 1 })).indexed).toBe(true);
    await replica().setIndexes([]);
    expect(indexed(byAge)).toBe(false);
  });

  it('answers as the tree package does, for any data and query', async () => {
    await replica().reset('epoch-of-the-random-run');
    expectSameAnswers(replica(), writerOf(replica()));
  });

  it('answers as the tree package does through indexes that are defined before and after the data', async () => {
    await replica().reset('epoch-of-the-random-run');
    const writer = writerOf(replica());
    await replica().setIndexes(INDEXES.slice(0, 3));
    expectSameAnswers(replica(), writer);
    await replica().setIndexes(INDEXES);
    expectSameAnswers(replica(), writer);
    await replica().setIndexes(INDEXES.slice(2));
    expectSameAnswers(replica(), writer);
  });
}

const USERS = {
  ann: { age: 31, name: { last: 'Berg' } },
  bob: { '.priority': 'high', age: 'old', name: { last: 'Amsel' } },
  cem: { '.priority': 2, age: 40, name: { last: 'Chan' } },
  dan: { '.priority': 1, name: { last: 'Xu' } },
};

/** Definitions that the random data and queries meet often. */
const INDEXES: IndexDefinition[] = [
  { pattern: [], by: ['a'] },
  { pattern: [], by: 'value' },
  { pattern: ['a'], by: ['b'] },
  { pattern: ['$any'], by: 'value' },
  { pattern: ['$any'], by: ['1'] },
  { pattern: ['a', '$any'], by: ['b', 'c'] },
  { pattern: [], by: ['__proto__'] },
];

function expectSameAnswers(replica: Replica, writer: ReplicaWriter): void {
  const places = fc.constantFrom<Path>([], ['a'], ['b'], ['a', 'b'], ['__proto__']);
  fc.assert(
    fc.property(
      disjointChanges,
      fc.array(fc.tuple(places, queries), { minLength: 1, maxLength: 8 }),
      (changes, asked) => {
        writer.commit(changes);
        for (const [path, query] of asked) expectSameAnswer(replica, writer, { path, query });
      },
    ),
    { numRuns: 120 },
  );
}

function expectSameAnswer(replica: Replica, writer: ReplicaWriter, asked: { path: Path; query: Query }): void {
  const expected = queryEntries(getAt(writer.model, asked.path), asked.query);
  expect(textOf(replica.query(asked.path, asked.query).entries)).toEqual(textOf(expected));
}

function textOf(entries: readonly [string, PresentNode][]): string[] {
  return entries.map(([key, node]) => `${key}=${encodeNode(node, 'export')}`);
}
