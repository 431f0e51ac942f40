import { ADMIN, type BacksideError, formatResumePoint, NOBODY, type Principal } from '@backside/protocol';
import { compileRules, type Rules } from '@backside/security';
import {
  applyChanges,
  applyQuery,
  type Json,
  type Node,
  nodeReader,
  nodesEqual,
  nodeToJson,
  normalizeChanges,
  parsePath,
  parseQuery,
  readNode,
} from '@backside/tree';
import fc from 'fast-check';
import { it } from 'vitest';
import { authValueOf } from './auth-value.js';
import type { Database } from './database.js';
import type { Subscription, ViewEvent } from './listener.js';
import { createRulesAuthorizer } from './rules-authorizer.js';
import type { RulesSource } from './rules-source.js';
import { openDatabase, set, settle, sharedJournal, update, write } from './testing/database.js';
import { changesOf, exportForm } from './testing/event-changes.js';
import { user } from './testing/look-authorizer.js';
import { TraceLog } from './trace-log.js';

/** Grants that rest on data, on the user, on the time, on the query, on several of them, and on nothing. */
const RULES: readonly Rules[] = [
  { '.read': true },
  { '.read': "root.child('flags/open').val() == 1 || auth.uid == 'ann'" },
  { '.read': "now < root.child('until').val()" },
  {
    '.read': "query.limitToFirst <= 2 && root.child('flags/a').exists()",
    a: { '.read': "data.child('owner').val() == auth.uid" },
  },
  {
    a: { '.read': "root.child('flags/a').val() == 1" },
    b: { '.read': "auth != null && root.child('members').child(auth.uid).exists()" },
    c: { $key: { '.read': "data.exists() || now < root.child('until').val()" } },
  },
  {
    '.read': "root.child('flags').child('a').val() == 1 && root.child('members').hasChildren()",
    a: {
      $key: {
        '.read':
          "data.parent().child('pub').val() == 1 && (auth.uid == 'bob' || root.child('flags').child($key).exists())",
      },
    },
    flags: { '.read': "auth.uid == root.child('a/owner').val() || data.child('open').val() == 1" },
  },
].map((rules) => compileRules(JSON.stringify({ rules })));

const PRINCIPALS: readonly Principal[] = [user('ann'), user('bob'), NOBODY];

/** What was in force at some moment. */
interface Moment {
  readonly rules: Rules;
  readonly now: number;
}

/** A database under changing rules and time, and the record of all that was ever true in it. */
class World implements RulesSource {
  database!: Database;
  current: Rules = RULES[0]!;
  now = 5;
  #changed: () => void = () => {};
  #failure: Error | null = null;
  readonly #states = new Map<number, Node>();
  readonly #moments = new Map<number, Moment[]>();

  static async open(shared: boolean, historyCommits: number): Promise<World> {
    const world = new World();
    let ids = 0;
    const traces = new TraceLog({
      nodeId: 'n',
      now: () => world.now,
      randomBytes: (size) => new Uint8Array(size).fill(++ids),
    });
    world.database = await openDatabase({
      authorizer: createRulesAuthorizer({ database: 'test', rules: world, traces }),
      now: () => world.now,
      limits: { historyCommits },
      ...(shared && { journal: sharedJournal() }),
    });
    world.note();
    return world;
  }

  onChange(changed: () => void): () => void {
    this.#changed = changed;
    return () => {};
  }

  since(): number {
    return 0;
  }

  replaceRules(rules: Rules): void {
    this.current = rules;
    this.note();
    this.#changed();
  }

  /** Keeps the first failure: what a listener throws stays with the engine. */
  fail(error: Error): void {
    this.#failure ??= error;
  }

  /** Throws the failure that there was, if any. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Records what is true now. */
  note(): void {
    const { revision } = this.database;
    this.stateAt(revision);
    const moments = this.#moments.get(revision) ?? [];
    moments.push({ rules: this.current, now: this.now });
    this.#moments.set(revision, moments);
  }

  stateAt(revision: number): Node {
    if (revision === this.database.revision) this.#states.set(revision, this.database.read(ADMIN, []).node);
    const state = this.#states.get(revision);
    if (state === undefined) throw new Error(`revision ${revision} was never seen`);
    return state;
  }

  mayReadNow(client: Client): boolean {
    return this.#mayRead(client, this.database.revision, { rules: this.current, now: this.now });
  }

  /** Whether a fresh read at the event's revision would have been granted: at some moment, or for what came late at every one. */
  mightHaveRead(client: Client, event: ViewEvent): boolean {
    const { revision, snapshot } = event;
    if (revision === this.database.revision) return this.mayReadNow(client);
    const moments = this.#moments.get(revision) ?? [];
    const granted = moments.filter((moment) => this.#mayRead(client, revision, moment)).length;
    return snapshot ? granted > 0 : granted === moments.length;
  }

  #mayRead({ principal, path, query }: Client, revision: number, { rules, now }: Moment): boolean {
    const root = nodeReader(this.stateAt(revision));
    const parsed = query === null ? null : parseQuery(query);
    return rules.read({ auth: authValueOf(principal), path: parsePath(path), query: parsed, root, now });
  }
}

/** A client that keeps a copy by the events alone, loses its connection now and then, and checks all that it is told. */
class Client {
  readonly path: string;
  readonly query: Json;
  principal: Principal;
  readonly #world: World;
  #subscription: Subscription | null = null;
  #state: Node = null;
  #revision = -1;
  #paused = false;

  constructor(world: World, { path, query, as }: { path: string; query: Json; as: number }) {
    this.path = path;
    this.query = query;
    this.principal = PRINCIPALS[as]!;
    this.#world = world;
    this.connect();
  }

  /** Listens from where it left, as `principal`. */
  connect(): void {
    this.disconnect();
    this.#paused = false;
    const { database } = this.#world;
    try {
      this.#subscription = database.listen<Json>(this.principal, {
        path: parsePath(this.path),
        encoder: exportForm,
        listener: {
          event: (body, event) => this.#event(body, event),
          cancelled: (error) => this.#refused(error),
        },
        ...(this.query !== null && { query: parseQuery(this.query) }),
        ...(this.#revision >= 0 && {
          resume: formatResumePoint({ epoch: database.epoch, revision: this.#revision }),
        }),
      });
    } catch (error) {
      this.#refused(error as BacksideError);
    }
  }

  disconnect(): void {
    this.#subscription?.end();
    this.#subscription = null;
  }

  #refused(error: BacksideError): void {
    this.#subscription = null;
    if (error.code !== 'permission-denied' || error.trace === undefined) this.#world.fail(error);
    if (this.#world.mayReadNow(this)) this.#fail('was refused what it may read');
  }

  #event(body: Json, event: ViewEvent): void {
    if (event.revision < this.#revision) this.#fail(`was told ${event.revision} after ${this.#revision}`);
    if (!this.#world.mightHaveRead(this, event)) this.#fail(`was told revision ${event.revision}`);
    this.#revision = event.revision;
    const relative = event.path.slice(parsePath(this.path).length);
    const before = event.snapshot ? null : this.#state;
    this.#state = applyChanges(before, normalizeChanges(changesOf(event.kind, relative, body)));
  }

  toggle(): void {
    this.#paused = !this.#paused;
    if (this.#paused) this.#subscription?.pause();
    else this.#subscription?.resume();
  }

  /** Whoever still listens has missed nothing. */
  check(): void {
    if (this.#paused) this.toggle();
    if (this.#subscription === null) return;
    const node = readNode(nodeReader(this.#world.stateAt(this.#world.database.revision)), parsePath(this.path));
    const expected = this.query === null ? node : applyQuery(node, parseQuery(this.query));
    if (!nodesEqual(this.#state, expected)) this.#fail(`should have ${text(expected)}`);
  }

  #fail(what: string): void {
    const { path, query, principal } = this;
    const who = principal.kind === 'user' ? principal.uid : principal.kind;
    this.#world.fail(new Error(`${who} at ${path} ${JSON.stringify(query)} ${what}; has ${text(this.#state)}`));
  }
}

function text(node: Node): string {
  return JSON.stringify(nodeToJson(node, 'export'));
}

/** Everybody's right under every one of the rules, more or less. */
const GRANTED = {
  flags: { open: 1, a: 1 },
  members: { ann: 1, bob: 1 },
  until: 10,
  a: { owner: 'ann', pub: 1, a: 0 },
  b: { a: 1 },
  c: { a: 1 },
};

type Action =
  | { readonly do: 'write'; readonly value: Readonly<Record<string, Json>> }
  | { readonly do: 'rules'; readonly rules: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'toggle' | 'disconnect' | 'connect'; readonly client: number }
  | { readonly do: 'become'; readonly client: number; readonly as: number }
  | { readonly do: 'settle' };

async function perform(action: Action, world: World, clients: readonly Client[]): Promise<void> {
  const client = 'client' in action ? clients[action.client % clients.length]! : null;
  if (action.do === 'write') await write(world.database, update('/', action.value));
  else if (action.do === 'rules') world.replaceRules(RULES[action.rules]!);
  else if (action.do === 'wait') world.now = (world.now + action.ms) % 20;
  else if (action.do === 'settle') await settle();
  else if (action.do === 'toggle') client?.toggle();
  else if (action.do === 'disconnect') client?.disconnect();
  else {
    if (action.do === 'become') client!.principal = PRINCIPALS[action.as]!;
    client?.connect();
  }
}

const some = fc.constantFrom<Json>(null, 0, 1, 1, 1);
const anything = fc.constantFrom<Json>(
  null,
  0,
  1,
  'ann',
  { a: 1 },
  { open: 1, a: 1 },
  { ann: 1 },
  { owner: 'ann', pub: 1 },
);
const change = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('a/a', 'a/b', 'b/a', 'b', 'c/a', 'x'), anything) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('flags/a', 'flags/open', 'members/ann', 'members/bob', 'a/pub'), some),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('flags', 'members', 'a', 'c'), anything) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('a/owner'), fc.constantFrom<Json>('ann', 'bob', null)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('until'), fc.constantFrom<Json>(0, 10, 15, 20)) },
);
/** Changes of disjoint paths, one or several at a time, as one write. */
const written = fc
  .array(change, { minLength: 1, maxLength: 3 })
  .map((changes) => changes.filter(([path], index) => !changes.slice(0, index).some(([other]) => overlap(path, other))))
  .map((changes) => Object.fromEntries(changes));

function overlap(a: string, b: string): boolean {
  return `${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`);
}

const client = fc.nat(5);
const as = fc.nat(PRINCIPALS.length - 1);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ do: fc.constant('write' as const), value: written }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('connect' as const), client }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('disconnect' as const, 'toggle' as const), client }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('become' as const), client, as }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rules' as const), rules: fc.nat(RULES.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 6) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
);
const listened = fc.record({
  path: fc.constantFrom('/', '/a', '/a', '/a/a', '/a/owner', '/b', '/c/a', '/flags'),
  query: fc.constantFrom<Json>(
    ...[null, null, null, null],
    { orderBy: '$key', limitToFirst: 2 },
    { orderBy: '$value', limitToLast: 1 },
  ),
  as,
});
const setting = fc.record({
  shared: fc.boolean(),
  historyCommits: fc.constantFrom(2, 1_000),
  rules: fc.nat(RULES.length - 1),
});

it('nobody is ever told what a fresh read would have refused, and who keeps the right misses nothing', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      setting,
      fc.array(listened, { minLength: 3, maxLength: 6, size: 'max' }),
      fc.array(action, { minLength: 1, maxLength: 60, size: 'max' }),
      async ({ shared, historyCommits, rules }, listens, actions) => {
        const world = await World.open(shared, historyCommits);
        world.replaceRules(RULES[rules]!);
        await write(world.database, set('/', GRANTED));
        world.note();
        const clients = listens.map((listen) => new Client(world, listen));
        await settle();
        for (const action of actions) {
          await perform(action, world, clients);
          world.note();
          world.check();
        }
        await settle();
        for (const client of clients) client.check();
        world.check();
      },
    ),
    { numRuns: 1_000 },
  );
});
