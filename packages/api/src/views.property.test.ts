import { ADMIN } from '@backside/protocol';
import {
  applyChanges,
  type Json,
  type Node,
  nodesEqual,
  nodeToJson,
  normalizeChanges,
  parsePath,
  parseQuery,
} from '@backside/tree';
import fc from 'fast-check';
import { it } from 'vitest';
import type { Database } from './database.js';
import type { Subscription, ViewEvent } from './listener.js';
import type { WriteStep } from './operation.js';
import { openDatabase, settle, write } from './testing/database.js';
import { changesOf, exportForm } from './testing/event-changes.js';

/** A client that keeps its copy of a view by the events alone. */
class Client {
  readonly path: string;
  readonly query: Json;
  readonly subscription: Subscription;
  state: Node = null;
  revision = -1;
  paused = false;

  constructor(database: Database, path: string, query: Json) {
    this.path = path;
    this.query = query;
    this.subscription = database.listen<Json>(ADMIN, {
      path: parsePath(path),
      encoder: exportForm,
      listener: {
        event: (body, event) => this.#event(body, event),
        cancelled: (error) => {
          throw error;
        },
      },
      ...(query !== null && { query: parseQuery(query) }),
    });
  }

  #event(body: Json, event: ViewEvent): void {
    if (event.revision <= this.revision) throw new Error(`revision ${event.revision} after ${this.revision}`);
    this.revision = event.revision;
    const relative = event.path.slice(parsePath(this.path).length);
    // A patch is one step, whatever order its members stand in.
    this.state = applyChanges(this.state, normalizeChanges(changesOf(event.kind, relative, body)));
  }

  toggle(): void {
    this.paused = !this.paused;
    if (this.paused) this.subscription.pause();
    else this.subscription.resume();
  }

  check(database: Database): void {
    if (this.paused) return;
    const path = parsePath(this.path);
    const { node } =
      this.query === null ? database.read(ADMIN, path) : database.read(ADMIN, path, parseQuery(this.query));
    if (!nodesEqual(this.state, node)) {
      throw new Error(
        `${this.path} ${JSON.stringify(this.query)}: has ${JSON.stringify(nodeToJson(this.state, 'export'))}, ` +
          `should have ${JSON.stringify(nodeToJson(node, 'export'))}`,
      );
    }
  }
}

const key = fc.constantFrom('a', 'b', 'c', '1');
const path = fc.array(key, { maxLength: 3 }).map((keys) => `/${keys.join('/')}`);
const value: fc.Arbitrary<Json> = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Json>(null, 0, 1, 2, false, 'x', 'y'),
    fc.dictionary(key, tie('node'), { maxKeys: 3 }),
    fc.record({ '.value': fc.constantFrom<Json>(1, 'p'), '.priority': fc.constantFrom<Json>(1, 'q') }),
  ),
})).node;
const step: fc.Arbitrary<WriteStep> = fc.oneof(
  fc.record({ method: fc.constant('set' as const), path: path.map(parsePath), value }),
  fc.record({ method: fc.constant('remove' as const), path: path.map(parsePath) }),
  fc.record({
    method: fc.constant('update' as const),
    path: path.map(parsePath),
    value: fc.dictionary(key, value, { minKeys: 1, maxKeys: 3 }),
  }),
);
const action = fc.oneof(
  { weight: 6, arbitrary: fc.array(step, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.nat(20) },
);
const query = fc.constantFrom<Json>(
  null,
  null,
  { orderBy: '$key', limitToFirst: 2 },
  { orderBy: '$value', limitToLast: 1 },
  { orderBy: 'a', limitToFirst: 2 },
  { orderBy: 'a/b', startAt: 1, limitToLast: 2 },
  { orderBy: '$value', startAt: 1, endAt: 'x' },
  { orderBy: '$priority', startAt: null, limitToFirst: 2 },
  { orderBy: '$key', startAfter: 'a', endAt: 'c' },
);

it('events alone keep every view equal to a fresh read, whatever is written, queried and paused', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 1, maxLength: 25 }),
      fc.array(fc.tuple(path, query), { minLength: 1, maxLength: 6 }),
      async (actions, listens) => {
        const database = await openDatabase();
        const clients = listens.map(([at, query]) => new Client(database, at, query));
        await settle();
        for (const action of actions) {
          if (typeof action === 'number') clients[action % clients.length]!.toggle();
          else await write(database, ...action);
          for (const client of clients) client.check(database);
        }
        for (const client of clients) if (client.paused) client.toggle();
        for (const client of clients) client.check(database);
      },
    ),
    { numRuns: 1000 },
  );
});
