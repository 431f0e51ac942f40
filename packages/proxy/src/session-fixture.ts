import { type Authorizer, createDatabase, type Database, openAuthorizer } from '@backside/api';
import { createMemoryNotifier } from '@backside/notifier';
import { ADMIN, BacksideError, type Credentials, NOBODY, type Principal, SILENT_LOGGER } from '@backside/protocol';
import { type Frame, FrameParser, LIMITS_AFTER_CONNECT, type Version, writeFrame } from '@backside/stomp';
import { createMemoryJournal, createMemoryReplica } from '@backside/store';
import { parsePath } from '@backside/tree';
import type { Envelope } from './encoder.js';
import { MemoryTransport } from './memory-transport.js';
import { createProxy, type ProxyOptions, type StompProxy } from './proxy.js';

/** A real database in memory behind a real proxy; only the connections are not sockets. */
export interface Fixture {
  readonly database: Database;
  readonly proxy: StompProxy;
  /** A connection on which nothing was sent yet. */
  connection(envelope?: Envelope): TestClient;
  /** A connection that has its CONNECTED. */
  client(options?: { version?: Version; headers?: Record<string, string>; envelope?: Envelope }): Promise<TestClient>;
}

export interface FixtureOptions extends Partial<ProxyOptions> {
  readonly authorizer?: Authorizer;
}

export async function openFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const database = await openDatabase(options.authorizer ?? openAuthorizer);
  const proxy = createProxy({
    databases: () => database,
    authenticate: signIn,
    logger: SILENT_LOGGER,
    now: () => Date.now(),
    ...options,
  });
  const connection = (envelope: Envelope = 'plain'): TestClient => new TestClient(proxy, envelope);
  return {
    database,
    proxy,
    connection,
    async client({ version = '1.2', headers = {}, envelope = 'plain' } = {}) {
      const client = connection(envelope);
      await client.connect(version, headers);
      return client;
    },
  };
}

export function openDatabase(authorizer: Authorizer): Promise<Database> {
  return createDatabase({
    name: 'test',
    journal: createMemoryJournal({ keepCommits: 100_000 }),
    replica: createMemoryReplica(),
    notifier: createMemoryNotifier(),
    authorizer,
    logger: SILENT_LOGGER,
    now: () => Date.now(),
    random: () => 0.5,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    nodeId: 'node-a',
  });
}

/** Knows the users ann and bob by the passcode `secret` or the tokens `token-ann`, `token-bob`. */
async function signIn({ login, passcode, token }: Credentials): Promise<Principal> {
  if (login === undefined && token === undefined) return NOBODY;
  const uid = token?.startsWith('token-') ? token.slice('token-'.length) : login;
  if ((uid !== 'ann' && uid !== 'bob') || (token === undefined && passcode !== 'secret')) {
    throw new BacksideError('unauthenticated', 'wrong login, passcode or token');
  }
  return { kind: 'user', uid, provider: 'test', claims: {} };
}

/** Writes a value past the rules. */
export async function put(database: Database, path: string, value: unknown): Promise<number> {
  const result = await database.write({ principal: ADMIN, steps: [{ method: 'set', path: parsePath(path), value }] });
  return result.revision;
}

/** The value at a path, past the rules. */
export function valueAt({ database }: Pick<Fixture, 'database'>, path: string): unknown {
  return JSON.parse(Buffer.concat([...database.streamJson(ADMIN, parsePath(path), 'val').chunks]).toString());
}

/** How long a test waits at most for something to happen; it goes on as soon as that has. */
const PATIENCE_MS = 5_000;

/** Lets everything happen that needs no time to pass. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A frame as a test looks at it. */
export interface ReceivedFrame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The other end of a connection: writes frames, and reads what comes back with the parser of the `stomp` package. */
export class TestClient {
  readonly transport: MemoryTransport = new MemoryTransport();
  version: Version = '1.2';
  readonly #parser: FrameParser;
  readonly #frames: ReceivedFrame[] = [];

  constructor(proxy: StompProxy, envelope: Envelope) {
    this.#parser = new FrameParser({
      limits: LIMITS_AFTER_CONNECT,
      onFrame: (frame) => this.#frames.push(received(frame)),
    });
    proxy.accept(this.transport, envelope);
  }

  async connect(version: Version, headers: Record<string, string> = {}): Promise<ReceivedFrame> {
    this.version = version;
    this.send('CONNECT', { 'accept-version': version, host: 'test', ...headers });
    const connected = await this.next();
    if (connected.command === 'CONNECTED') this.#parser.version = version;
    return connected;
  }

  send(command: string, headers: Record<string, string> = {}, body?: unknown): void {
    const octets = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const frame = { command, headers: Object.entries(headers), ...(octets && { body: octets }) };
    this.transport.clientSends(writeFrame(frame, this.version));
  }

  raw(text: string): void {
    this.transport.clientSends(text);
  }

  /** The next frame. Fails if none comes. */
  async next(): Promise<ReceivedFrame> {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
      const frame = this.#take();
      if (frame !== undefined) return frame;
      await turns(1);
    }
    throw new Error('no frame came');
  }

  /** The next frame of this command; others before it are skipped. */
  async nextOf(command: string): Promise<ReceivedFrame> {
    for (;;) {
      const frame = await this.next();
      if (frame.command === command) return frame;
    }
  }

  /** All that comes until nothing more does. */
  async rest(): Promise<ReceivedFrame[]> {
    await turns();
    const frames: ReceivedFrame[] = [];
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) frames.push(frame);
    return frames;
  }

  /** Sends a frame and waits for its RECEIPT, or the ERROR instead. */
  async ask(command: string, headers: Record<string, string> = {}, body?: unknown): Promise<ReceivedFrame> {
    this.send(command, { ...headers, receipt: 'asked' }, body);
    for (;;) {
      const frame = await this.next();
      if (frame.command === 'ERROR' || frame.headers['receipt-id'] === 'asked') return frame;
    }
  }

  #take(): ReceivedFrame | undefined {
    if (this.#frames.length === 0) this.#parser.push(this.transport.clientTakes());
    return this.#frames.shift();
  }
}

function received(frame: Frame): ReceivedFrame {
  return {
    command: frame.command,
    headers: Object.fromEntries(frame.headers),
    body: Buffer.from(frame.body).toString(),
  };
}
