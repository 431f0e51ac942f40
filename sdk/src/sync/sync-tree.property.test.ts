import {
  applyQuery,
  getAt,
  type Json,
  nodeFromJson,
  nodeToJson,
  parsePath,
  parseQuery,
  queryEntries,
} from '@backside/tree';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DataSnapshot } from '../reference/snapshot.js';
import { clientOver } from './testing/client.js';
import { MemoryConnection } from './testing/memory-connection.js';
import { MemoryServer } from './testing/memory-server.js';

const key = fc.constantFrom('a', 'b', 'c', '1', '10');
const path = fc.array(key, { minLength: 1, maxLength: 3 }).map((keys) => `/l/${keys.join('/')}`);
const leaf = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom('x', true));
const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 3, arbitrary: leaf },
  { weight: 2, arbitrary: fc.dictionary(key, leaf, { maxKeys: 3 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(leaf, fc.integer({ min: 0, max: 3 }))
      .map(([of, rank]) => ({ '.value': of, '.priority': rank })),
  },
  { weight: 1, arbitrary: fc.constant(null) },
);
const ackLevel = fc.constantFrom('applied', 'durable');

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('local' as const), path, value, ackLevel, refused: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      path,
      values: fc.dictionary(key, value, { minKeys: 1, maxKeys: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('priority' as const), path, priority: fc.integer({ min: 0, max: 3 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remote' as const), path, value }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('send' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('receive' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('toggle' as const), which: fc.nat(5) }) },
);

/** Where the views are, and what they choose. */
const VIEWS: readonly { readonly path: string; readonly query: Record<string, Json> }[] = [
  { path: '/l', query: {} },
  { path: '/l/a', query: {} },
  { path: '/l', query: { orderBy: '$value' } },
  { path: '/l', query: { orderBy: 'a', limitToFirst: 2 } },
  { path: '/l', query: { orderBy: '$key', limitToLast: 2 } },
  { path: '/l/b', query: { orderBy: '$value', startAt: 3 } },
];

type Client = ReturnType<typeof clientOver>['db'];

/** What one listener of each event follows; checks each event as it comes. */
class Follower {
  readonly values: Json[] = [];
  readonly list: string[] = [];
  readonly children = new Map<string, string>();
  readonly stop: () => void;

  constructor(db: Client, { path: at, query }: (typeof VIEWS)[number]) {
    const target = Object.entries(query).reduce(
      (refined, [name, given]) => refine(refined, name, given),
      db.ref(at) as Refinable,
    );
    const stops = [
      target.listen('child_added', (snapshot, previous) => this.#add(snapshot, previous)),
      target.listen('child_removed', ({ key: of }) => this.#remove(of)),
      target.listen('child_moved', (snapshot, previous) => {
        this.#remove(snapshot.key);
        this.#add(snapshot, previous);
      }),
      target.listen('child_changed', (snapshot) => {
        const text = JSON.stringify(snapshot.exportVal());
        expect(this.children.has(snapshot.key as string)).toBe(true);
        this.children.set(snapshot.key as string, text);
      }),
      target.listen('value', (snapshot) => this.#value(snapshot)),
    ];
    this.stop = () => {
      for (const end of stops) end();
    };
  }

  #value(snapshot: DataSnapshot): void {
    const told = snapshot.exportVal();
    if (this.values.length > 0) expect(told).not.toEqual(this.values.at(-1));
    this.values.push(told);
    const keys: (string | null)[] = [];
    snapshot.forEach((child) => void keys.push(child.key));
    expect(this.list).toEqual(keys);
    for (const child of snapshot)
      expect(this.children.get(child.key as string)).toBe(JSON.stringify(child.exportVal()));
  }

  #add(snapshot: DataSnapshot, previous: string | null): void {
    const index = previous === null ? 0 : this.list.indexOf(previous) + 1;
    if (previous !== null) expect(this.list).toContain(previous);
    expect(this.list).not.toContain(snapshot.key);
    this.list.splice(index, 0, snapshot.key as string);
    this.children.set(snapshot.key as string, JSON.stringify(snapshot.exportVal()));
  }

  #remove(of: string | null): void {
    expect(this.list).toContain(of);
    this.list.splice(this.list.indexOf(of as string), 1);
    this.children.delete(of as string);
  }
}

type Refinable = Pick<
  ReturnType<Client['ref']>,
  'listen' | 'orderByChild' | 'orderByKey' | 'orderByValue' | 'limitToFirst' | 'limitToLast' | 'startAt'
>;

function refine(query: Refinable, name: string, given: Json): Refinable {
  if (name === 'limitToFirst' || name === 'limitToLast') return query[name](given as number);
  if (name === 'startAt') return query.startAt(given as number);
  if (given === '$key') return query.orderByKey();
  return given === '$value' ? query.orderByValue() : query.orderByChild(given as string);
}

async function expectAgreement(server: MemoryServer, followers: ReadonlyMap<number, Follower>): Promise<void> {
  for (const [which, follower] of followers) {
    const { path: at, query } = VIEWS[which] as (typeof VIEWS)[number];
    const node = getAt(server.root, parsePath(at));
    const parsed = parseQuery(query);
    expect(follower.values.at(-1)).toEqual(nodeToJson(applyQuery(node, parsed), 'export'));
    expect(follower.list).toEqual(queryEntries(node, parsed).map(([of]) => of));
  }
}

it('each view ends as the tree says, and its events lead there one by one', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.array(fc.nat(5), { minLength: 1, maxLength: 3 }),
      async (steps, first) => {
        const server = new MemoryServer();
        const connection = new MemoryConnection(server);
        const { db, errors } = clientOver(connection);
        let writes = 0;
        const followers = new Map<number, Follower>();
        const toggle = (which: number): void => {
          followers.get(which)?.stop();
          if (!followers.delete(which)) followers.set(which, new Follower(db, VIEWS[which] as (typeof VIEWS)[number]));
        };
        new Set(first).forEach(toggle);
        const doomed = new WeakSet<object>();
        server.refuses = (write) => doomed.has(write);
        for (const each of steps) {
          switch (each.kind) {
            case 'local':
              writes += 1;
              if (each.refused && writes % 2 === 0) doomNext(connection, doomed);
              db.set(each.path, each.value, { ackLevel: each.ackLevel as 'applied' }).catch(() => undefined);
              break;
            case 'update':
              void db.update(each.path, each.values).catch(() => undefined);
              break;
            case 'priority':
              void db
                .ref(each.path)
                .setPriority(each.priority)
                .catch(() => undefined);
              break;
            case 'remote':
              server.commit([{ path: parsePath(each.path), value: nodeFromJson(each.value) }]);
              break;
            case 'toggle':
              toggle(each.which);
              break;
            case 'send':
              await Promise.resolve();
              connection.sendOne();
              break;
            case 'receive':
              await connection.receiveOne();
              break;
          }
        }
        await connection.settle();
        await expectAgreement(server, followers);
        if (errors.length > 0) throw errors[0];
      },
    ),
    { numRuns: 500 },
  );
});

/** Has the server refuse the write that is made next. */
function doomNext(connection: MemoryConnection, doomed: WeakSet<object>): void {
  const { write } = connection;
  connection.write = (given) => {
    connection.write = write;
    doomed.add(given);
    return write.call(connection, given);
  };
}

it('never shows an older value of a place that only this client writes', async () => {
  const action = fc.constantFrom('write', 'write applied', 'elsewhere', 'send', 'receive', 'receive');
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), fc.constantFrom('/l', '/l/own', '/'), async (actions, at) => {
      const connection = new MemoryConnection();
      const { db } = clientOver(connection);
      const seen: number[] = [];
      db.on(at, (shown) => seen.push(ownNumber(shown)));
      let written = 0;
      for (const each of actions) {
        if (each === 'send') connection.sendOne();
        else if (each === 'receive') await connection.receiveOne();
        else if (each === 'elsewhere')
          connection.server.commit([{ path: ['l', 'other'], value: connection.server.revision }]);
        else void db.set('/l/own/n', ++written, { ackLevel: each === 'write' ? 'durable' : 'applied' });
      }
      await connection.settle();
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(Math.max(0, ...seen)).toBe(written);
    }),
    { numRuns: 500 },
  );
});

/** The number at `/l/own/n`, wherever the value was listened to; 0 if there is none. */
function ownNumber(shown: Json): number {
  const own = ['l', 'own', 'n'].reduce<Json>((at, name) => {
    const map = at as { [key: string]: Json } | null;
    return map !== null && Object.hasOwn(Object(map), name) ? (map[name] as Json) : at;
  }, shown);
  return typeof own === 'number' ? own : 0;
}
