import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Authorizer, createDatabase, type Database, openAuthorizer } from '@backside/api';
import { type Auth, createAuth, createMemoryPrivateTree, type PrivateTree } from '@backside/auth';
import { createMemoryNotifier } from '@backside/notifier';
import { ADMIN, type Logger, SILENT_LOGGER } from '@backside/protocol';
import { createMemoryJournal, createMemoryReplica } from '@backside/store';
import { type Json, parsePath } from '@backside/tree';
import { type Backendjs, createBackendjs } from '../backendjs.js';
import type { Cache } from '../cache.js';
import { createMemoryCache } from '../caches/memory-cache.js';
import type { BackendjsContext } from '../context.js';
import { createLegacyMetrics } from '../metrics/legacy-metrics.js';
import type { BackendjsOptions } from '../options.js';
import { parseBackendjsSettings } from '../settings.js';
import { ensureRows } from '../sign-in/own-record.js';
import { LegacyClient, type Signer } from './legacy-client.js';

/** The clock of a test: real time, which the test may push forward. */
class TestClock {
  #ahead = 0;
  readonly now = (): number => Date.now() + this.#ahead;

  advance(ms: number): void {
    this.#ahead += ms;
  }
}

/** Collects what a server logs at warn and error. */
class TestLog implements Logger {
  readonly lines: string[] = [];
  readonly debug: Logger['debug'] = () => {};
  readonly info: Logger['info'] = () => {};
  readonly warn: Logger['warn'] = (fields, message) => this.#add(fields, message);
  readonly error: Logger['error'] = (fields, message) => this.#add(fields, message);

  #add({ err, ...fields }: Readonly<Record<string, unknown>>, message: string): void {
    const what = err instanceof Error ? `${err.message} ${String(err.cause ?? '')}` : '';
    this.lines.push(`${message} ${JSON.stringify(fields)} ${what}`);
  }
}

/** An account that tests sign with. */
export interface TestAccount extends Signer {
  readonly id: string;
}

export interface LegacyFixture {
  readonly url: string;
  readonly port: number;
  readonly clock: TestClock;
  readonly log: TestLog;
  readonly database: Database;
  readonly auth: Auth;
  readonly tree: PrivateTree;
  readonly cache: Cache;
  readonly secretKey: Uint8Array;
  readonly backendjs: Backendjs;
  readonly context: BackendjsContext;
  readonly client: LegacyClient;
  /** A new account with all its rows; its login is the name at example.com. */
  account(name: string, more?: { readonly types?: readonly string[]; readonly secret?: string }): Promise<TestAccount>;
  /** What stands at a path of the tree. */
  value(path: string): Json;
  /** Stops serving; accounts and database stay. */
  stop(): Promise<void>;
  /** To be called after the last test: stops, and closes accounts and database. */
  close(): Promise<void>;
}

export interface LegacyFixtureOptions {
  /** Under the original's names; those of sessions and tokens have a secret. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly authorizer?: Authorizer;
  /** Whatever needs the parts that there are. */
  readonly extend?: (
    parts: Pick<BackendjsOptions, 'database' | 'auth' | 'cache' | 'now' | 'logger'>,
  ) => Partial<BackendjsOptions> | Promise<Partial<BackendjsOptions>>;
}

const SETTINGS = { 'api-session-secret': 'session secret', 'api-access-token-secret': 'token secret' };

/** A real http server of the legacy API on a free port, over a database in memory. Close it after the last test. */
export async function startLegacy(options: LegacyFixtureOptions = {}): Promise<LegacyFixture> {
  const clock = new TestClock();
  const log = new TestLog();
  const web = createServer();
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const { port } = web.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const parts = await openParts({ clock, log, options });
  const backendjs = await openBackendjs(parts, new URL(url), options);
  serve(web, backendjs);
  const { context } = backendjs;
  const { database, auth, tree, cache, secretKey } = parts;
  return {
    ...{ url, port, clock, log, database, auth, tree, cache, secretKey, backendjs, context },
    client: new LegacyClient(port, clock.now),
    account: (name, more) => addAccount(context, name, more),
    value: (path) => JSON.parse(textAt(database, path)) as Json,
    stop: () => stop(web, backendjs),
    close: async () => {
      await stop(web, backendjs);
      await auth.close();
      await database.close();
    },
  };
}

type Parts = Pick<LegacyFixture, 'database' | 'auth' | 'tree' | 'cache' | 'secretKey' | 'clock' | 'log'>;

async function openParts(world: { clock: TestClock; log: TestLog; options: LegacyFixtureOptions }): Promise<Parts> {
  const { clock, log, options } = world;
  const { now } = clock;
  const settings = { passwordCost: 10, signUp: true };
  return {
    clock,
    log,
    database: await openMemoryDatabase(clock, options.authorizer ?? openAuthorizer),
    auth: await createAuth({ database: 'main', tree: createMemoryPrivateTree(), now, logger: log, settings }),
    tree: createMemoryPrivateTree(),
    cache: createMemoryCache({ now, maxEntries: 10_000 }),
    secretKey: randomBytes(32),
  };
}

async function openBackendjs(parts: Parts, publicUrl: URL, options: LegacyFixtureOptions): Promise<Backendjs> {
  const { database, auth, tree, cache, secretKey, clock, log } = parts;
  const given = { database, auth, cache, now: clock.now, logger: log };
  return createBackendjs({
    ...given,
    credentials: tree,
    secretKey,
    media: null,
    jobs: null,
    notifier: createMemoryNotifier(),
    metrics: createLegacyMetrics({
      now: clock.now,
      readRegistry: async () => [],
      nodeId: 'node-a',
      app: 'test',
      pool: 'main',
      cacheStats: () => cache.stats(),
    }),
    settings: parseBackendjsSettings({ ...SETTINGS, ...options.settings }),
    publicUrl,
    clientAddress: ({ socket }) => socket.remoteAddress ?? '',
    development: false,
    nodeId: 'node-a',
    ...(await options.extend?.(given)),
  });
}

function serve(web: Server, backendjs: Backendjs): void {
  web.on('request', (request, response) => {
    if (backendjs.handles(request)) backendjs.listener(request, response);
    else response.writeHead(404).end('not of the legacy API');
  });
  web.on('upgrade', (request, socket, head) => {
    if (!backendjs.upgrade(request, socket, head)) socket.destroy();
  });
}

async function stop(web: Server, backendjs: Backendjs): Promise<void> {
  await backendjs.close();
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
}

async function addAccount(
  context: BackendjsContext,
  name: string,
  { types = [], secret = `secret of ${name}` }: { readonly types?: readonly string[]; readonly secret?: string } = {},
): Promise<TestAccount> {
  const login = `${name}@example.com`;
  const credential = await context.credentials.add({ login, name, secret, admin: { types } });
  await ensureRows(context, credential);
  return { id: credential.id, login, secret, tokenSecret: credential.tokenSecret };
}

function textAt(database: Database, path: string): string {
  const { chunks } = database.streamJson(ADMIN, parsePath(path), 'val');
  return Buffer.concat([...chunks]).toString();
}

function openMemoryDatabase(clock: TestClock, authorizer: Authorizer): Promise<Database> {
  return createDatabase({
    name: 'main',
    journal: createMemoryJournal({ keepCommits: 10_000 }),
    replica: createMemoryReplica(),
    notifier: createMemoryNotifier(),
    authorizer,
    logger: SILENT_LOGGER,
    now: clock.now,
    random: Math.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
    nodeId: 'node-a',
  });
}
