import { randomBytes } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Authorizer,
  createDatabase,
  createRulesAuthorizer,
  type Database,
  openAuthorizer,
  openRulesStore,
  type RulesStore,
  TraceLog,
} from '@backside/api';
import { type Auth, type AuthOptions, createAuth, createMemoryPrivateTree, type SignedIn } from '@backside/auth';
import { createMemoryNotifier } from '@backside/notifier';
import { ADMIN, type Logger, SILENT_LOGGER } from '@backside/protocol';
import { Coverage } from '@backside/security';
import { createMemoryJournal, createMemoryReplica, type Replica } from '@backside/store';
import { onTestFinished } from 'vitest';
import { createRest, type Rest } from '../app.js';
import type { RestOptions } from '../rest-options.js';

/** The clock of a test: real time, which the test may push forward. */
class TestClock {
  #ahead = 0;
  readonly now = (): number => Date.now() + this.#ahead;

  advance(ms: number): void {
    this.#ahead += ms;
  }
}

/** Collects what a server logs. */
class RecordingLogger implements Logger {
  readonly lines: string[] = [];
  readonly debug = this.#record;
  readonly info = this.#record;
  readonly warn = this.#record;
  readonly error = this.#record;

  get #record(): Logger['info'] {
    return (fields, message) => {
      const { err, ...rest } = fields;
      this.lines.push(`${message} ${JSON.stringify(rest)} ${err instanceof Error ? err.message : ''}`);
    };
  }
}

export interface TestTenant {
  readonly database: Database;
  readonly auth: Auth;
  readonly rules: RulesStore;
}

/** A running server: real accounts, rules and databases, in memory. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly clock: TestClock;
  readonly log: RecordingLogger;
  readonly traces: TraceLog;
  /** By name of the database; `main` is the first. */
  readonly tenants: ReadonlyMap<string, TestTenant>;
  readonly main: TestTenant;
  readonly rest: Rest;
  stop(): Promise<void>;
}

export interface TestServerOptions {
  readonly databases?: readonly string[];
  readonly rest?: Partial<RestOptions>;
  /** Made for each database, once the address of the server is known. */
  readonly auth?: (server: { url: string; clock: TestClock }) => Partial<AuthOptions> | Promise<Partial<AuthOptions>>;
}

/** Serves until the test is over. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await openServer(options);
  onTestFinished(() => server.stop());
  return server;
}

/** Serves until it is stopped. */
export async function openServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = new TestClock();
  const log = new RecordingLogger();
  const web = createServer();
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const { port } = web.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const traces = new TraceLog({ nodeId: 'node-a', now: clock.now, randomBytes });
  const world = { clock, log, traces, url, auth: (await options.auth?.({ url, clock })) ?? {} };
  const tenants = new Map<string, TestTenant>();
  for (const name of options.databases ?? ['main']) tenants.set(name, await openTenant(name, world));
  const tenantOf = (database: Database): TestTenant => tenants.get(database.name)!;
  const listener = createRest({
    databases: [...tenants.values()].map(({ database }) => database),
    auth: (database) => tenantOf(database).auth,
    rules: (database) => tenantOf(database).rules,
    findTrace: async (id) => traces.find(id),
    coverage: async (database) => coverageOf(tenantOf(database).rules),
    settings: () => createMemoryPrivateTree(),
    development: false,
    publicUrl: new URL(url),
    logger: log,
    now: clock.now,
    ...options.rest,
  });
  web.on('request', listener);
  const stop = async (): Promise<void> => {
    listener.close();
    for (const tenant of tenants.values()) {
      tenant.auth.close();
      await tenant.rules.close();
    }
    web.closeAllConnections();
    await new Promise((resolve) => web.close(resolve));
  };
  return { url, port, clock, log, traces, tenants, main: tenants.values().next().value!, rest: listener, stop };
}

function coverageOf(rules: RulesStore): ReturnType<Coverage['report']> {
  const coverage = new Coverage();
  coverage.include(rules.current);
  return coverage.report();
}

interface World {
  readonly clock: TestClock;
  readonly log: RecordingLogger;
  readonly traces: TraceLog;
  readonly url: string;
  readonly auth: Partial<AuthOptions>;
}

async function openTenant(name: string, { clock, log, traces, url, auth }: World): Promise<TestTenant> {
  const position = { epoch: '', revision: 0 };
  const replica = createMemoryReplica();
  const rules = await openRulesStore({
    database: await openMemoryDatabase(`${name}.private`, { authorizer: openAuthorizer, clock }),
    position: () => position,
    now: clock.now,
    logger: SILENT_LOGGER,
    setIndexes: (wanted) => replica.setIndexes(wanted),
  });
  const authorizer = createRulesAuthorizer({ database: name, rules, traces });
  const { settings, ...others } = auth;
  return {
    database: await openMemoryDatabase(name, { authorizer, clock, replica }),
    rules,
    auth: await createAuth({
      database: name,
      tree: createMemoryPrivateTree(),
      now: clock.now,
      logger: log,
      publicUrl: new URL(url),
      settings: { signUp: true, anonymous: true, passwordCost: 10, ...settings },
      ...others,
    }),
  };
}

async function openMemoryDatabase(
  name: string,
  { authorizer, clock, replica }: { authorizer: Authorizer; clock: TestClock; replica?: Replica },
): Promise<Database> {
  return createDatabase({
    name,
    journal: createMemoryJournal({ keepCommits: 1_000 }),
    replica: replica ?? createMemoryReplica(),
    notifier: createMemoryNotifier(),
    authorizer,
    logger: SILENT_LOGGER,
    now: clock.now,
    random: Math.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
    nodeId: 'node-a',
  });
}

/** An answer; `json` is its body as what the test expects it to be, and throws if it is no JSON. */
export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Body;
  readonly text: string;
}

export interface Refused {
  readonly error: { readonly code: string; readonly message: string; readonly trace?: string };
}

export interface Ask {
  readonly token?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends one request, `POST /auth/login`, and follows no redirect. */
export async function ask<Body = Refused>(
  server: { readonly url: string },
  line: string,
  options: Ask = {},
): Promise<Answer<Body>> {
  const [method = 'GET', path = '/'] = line.split(' ');
  const { token, body, raw, headers } = options;
  const response = await fetch(`${server.url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...((body !== undefined || raw !== undefined) && { body: raw ?? JSON.stringify(body) }),
  });
  const text = await response.text();
  const { status, headers: answered } = response;
  return {
    status,
    headers: answered,
    text,
    get json() {
      return JSON.parse(text) as Body;
    },
  };
}

/** Sends headers that `fetch` would not, `Host` among them, and returns the status. */
export function askRaw(server: TestServer, line: string, { body, headers }: Ask): Promise<number> {
  const [method = 'GET', path = '/'] = line.split(' ');
  return new Promise((resolve, reject) => {
    const options = { port: server.port, host: '127.0.0.1', method, path };
    const sent = request({ ...options, headers: { 'content-type': 'application/json', ...headers } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** An account with a password, signed in over HTTP. */
export async function signUp(server: TestServer, email = 'ann@example.com', password = PASSWORD): Promise<SignedIn> {
  const { json, status, text } = await ask<SignedIn>(server, 'POST /auth/signup', { body: { email, password } });
  if (status !== 201) throw new Error(`sign-up failed: ${text}`);
  return json;
}

export const PASSWORD = 'correct horse battery';

/** The access token of an account that is an admin. */
export async function adminToken(server: TestServer, tenant: TestTenant = server.main): Promise<string> {
  await tenant.auth.users.create(ADMIN, { username: 'root', password: PASSWORD, admin: true });
  const ns = tenant.database.name;
  const body = { login: 'root', password: PASSWORD };
  const { json, status, text } = await ask<SignedIn>(server, `POST /auth/login?ns=${ns}`, { body });
  if (status !== 200) throw new Error(`the admin cannot sign in: ${text}`);
  return json.accessToken;
}
