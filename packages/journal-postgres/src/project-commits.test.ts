import { retrying, treeEntries } from '@backside/store';
import { applyChanges, type Change, makeMap, type Node, nodeReader, type Path, PriorityLeaf } from '@backside/tree';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { rowOf } from './node-row.js';
import { NodesTable } from './nodes-table.js';
import { patienceOf } from './options.js';
import { projectCommits } from './project-commits.js';
import { prepareTables, tablesOf } from './schema.js';
import { commitOf, TEST_SCHEMA } from './test-server.js';

const postgres = await sharedService('postgres');
afterAll(() => postgres?.stop(), 30_000);

const tables = tablesOf(TEST_SCHEMA);

describe.skipIf(postgres === null)('the rows of a database', () => {
  let pool: pg.Pool;
  let client: pg.PoolClient;
  let rows: Projected;
  beforeAll(async () => {
    pool = new pg.Pool({ connectionString: postgres?.url ?? '' });
    await retrying(patienceOf({ patienceMs: 30_000 }), () => prepareTables(pool, tables));
    client = await pool.connect();
  });
  afterAll(async () => {
    client.release();
    await pool.end();
  });
  beforeEach(() => {
    rows = new Projected(client);
  });

  it('are the leaves and the priorities of the tree, however the commits come together', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyChanges, { minLength: 1, maxLength: 6 }), { maxLength: 6 }),
        async (groups) => {
          const each = new Projected(client);
          for (const group of groups) {
            await each.project(group);
            expect(await each.stored()).toEqual(each.expected());
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('say in which revision each of them got its value', async () => {
    await rows.project([
      [
        {
          path: ['a'],
          value: makeMap([
            ['b', 1],
            ['c', 2],
          ]),
        },
      ],
      [{ path: ['a', 'b'], value: 1 }],
      [{ path: ['x'], value: new PriorityLeaf(1, 'p') }],
      [{ path: ['y', 'z'], value: 2 }],
      [{ path: ['a', '.priority'], value: 3 }],
    ]);
    const found = await client.query(
      `select path, revision::int from ${tables.nodes} where database = $1 order by path`,
      [rows.database],
    );
    expect(found.rows).toEqual([
      { path: '/a', revision: 5 },
      { path: '/a/b', revision: 2 },
      { path: '/a/c', revision: 1 },
      { path: '/x', revision: 3 },
      { path: '/y/z', revision: 4 },
    ]);
  });

  it('are found by other services below a path, and by their parent', async () => {
    await rows.project([
      [
        { path: ['rooms', 'a', 'name'], value: 'A' },
        { path: ['rooms', 'a', 'size'], value: 3 },
        { path: ['rooms', 'a!', 'name'], value: 'not below a' },
        { path: ['rooms', 'b'], value: true },
      ],
    ]);
    const sql = `select key, value from ${tables.nodes} where database = $1 and left(parent, 512) = $2 and parent = $2 order by key`;
    expect((await client.query(sql, [rows.database, '/rooms/a'])).rows).toEqual([
      { key: 'name', value: 'A' },
      { key: 'size', value: 3 },
    ]);
  });

  it('come and go by many', async () => {
    const many = (count: number, salt: string): Node =>
      makeMap(Array.from({ length: count }, (_, index) => [`k${index}`, makeMap([['v', `${salt}${index}`]])]));
    await rows.project([[{ path: ['many'], value: many(12_000, 'x') }]]);
    expect(await rows.stored()).toEqual(rows.expected());
    await rows.project([[{ path: ['many'], value: many(100, 'y') }], [{ path: ['many', 'k7', 'v'], value: null }]]);
    expect(await rows.stored()).toEqual(rows.expected());
    await rows.project(
      Array.from({ length: 5_000 }, (_, index) => [{ path: ['many', `n${index % 700}`, 'v'], value: index }]),
    );
    expect(await rows.stored()).toEqual(rows.expected());
    await rows.project([[{ path: [], value: null }]]);
    expect(await rows.stored()).toEqual([]);
  });

  it('change by many in one commit that leaves none of them as it was', async () => {
    const table = new NodesTable(client, tables, rows.database);
    const all = Array.from({ length: 20_000 }, (_, index) => `k${index}`);
    const list = (of: (key: string) => Node): Node =>
      makeMap(
        all.map((key) => [key, of(key)]),
        1,
      );
    await projectCommits(table, [
      commitOf(1, [
        { path: ['maps'], value: list((key) => makeMap([['v', key]])) },
        { path: ['leaves'], value: list((key) => key) },
      ]),
    ]);
    await client.query(`set statement_timeout = '5s'`);
    try {
      const maps = all.map((key) => ({ path: ['maps', key], value: makeMap([['v', 'new']]) }));
      await projectCommits(table, [commitOf(2, maps)]);
      const leaves = all.map((key) => ({ path: ['leaves', key], value: key === 'k7' ? 7 : null }));
      await projectCommits(table, [commitOf(3, leaves)]);
      const gone = all.map((key) => ({ path: ['maps', key, 'v'], value: null }));
      await projectCommits(table, [commitOf(4, gone)]);
    } finally {
      await client.query('reset statement_timeout');
    }
    expect(await rows.stored()).toEqual([
      { path: '/leaves', value: null, priority: 1 },
      { path: '/leaves/k7', value: 7, priority: null },
    ]);
  }, 60_000);
});

/** What is in the table of a database, and what should be. */
class Projected {
  readonly database: string = crypto.randomUUID();
  readonly #client: pg.ClientBase;
  #tree: Node = null;
  #revision = 0;

  constructor(client: pg.ClientBase) {
    this.#client = client;
  }

  async project(commits: readonly (readonly Change[])[]): Promise<void> {
    for (const changes of commits) this.#tree = applyChanges(this.#tree, changes);
    await projectCommits(
      new NodesTable(this.#client, tables, this.database),
      commits.map((changes) => commitOf(++this.#revision, changes)),
    );
  }

  expected(): unknown[] {
    const rows = [...treeEntries(nodeReader(this.#tree))].flat().map(rowOf);
    return rows.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async stored(): Promise<unknown[]> {
    const sql = `select path, value, priority from ${tables.nodes} where database = $1 order by path`;
    return (await this.#client.query(sql, [this.database])).rows;
  }
}

/** Some go on, after another, with what comes before the slash, or right after it. */
const key = fc.constantFrom('a', 'a!', 'a0', 'b');
const priority = fc.constantFrom(null, null, 1, 'p');
const leaf = fc
  .tuple(fc.constantFrom(true, 0, 'x', ''), priority)
  .map(([value, own]): Node => (own === null ? value : new PriorityLeaf(value, own)));
const node: fc.Arbitrary<Node> = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc
      .tuple(fc.array(fc.tuple(key, tie('node')), { maxLength: 3 }), priority)
      .map(([entries, own]) => makeMap(entries, own)),
  ),
})).node;
const path: fc.Arbitrary<Path> = fc.array(key, { maxLength: 4 });

/** One or two changes, neither of which is at or below the other: they lie below different keys. */
const anyChanges: fc.Arbitrary<Change[]> = fc.oneof(
  change(path).map((one) => [one]),
  fc.tuple(change(path.map((rest) => ['a', ...rest])), change(path.map((rest) => ['b', ...rest]))),
);

function change(at: fc.Arbitrary<Path>): fc.Arbitrary<Change> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ path: at, value: node }) },
    { weight: 3, arbitrary: fc.record({ path: at, value: fc.constant(null) }) },
    { weight: 2, arbitrary: fc.record({ path: at.map((each) => [...each, '.priority']), value: priority }) },
  );
}
