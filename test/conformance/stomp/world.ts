import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../harness/server.js';
import { auditClient } from '../../harness/stomp-audit.js';
import { type Headers, type ReceivedFrame, StompClient, type Version } from '../../harness/stomp-client.js';

/** Flags for every server, to run all checks against another configuration. */
const FURTHER_FLAGS = (process.env.CONFORMANCE_FLAGS ?? '').split(' ').filter((flag) => flag !== '');

export type Transport = 'tcp' | 'websocket';

/** What a check works with: clients over one transport, a path of its own, and a way to look at the data. */
export class World {
  readonly transport: Transport;
  readonly server: ServerHandle;
  readonly #clients: StompClient[] = [];
  readonly #base: string = `/checks/${randomBytes(9).toString('hex')}`;

  constructor(transport: Transport, server: ServerHandle) {
    this.transport = transport;
    this.server = server;
  }

  /** A path that no other check uses. */
  path(name: string): string {
    return `${this.#base}/${name}`;
  }

  /** A connection over which nothing was sent yet. */
  async open(transport: Transport = this.transport, protocols?: string[]): Promise<StompClient> {
    const { tcpPort, httpPort } = this.server;
    const client =
      transport === 'tcp'
        ? await StompClient.tcp(tcpPort)
        : await StompClient.websocket(`ws://127.0.0.1:${httpPort}/stomp`, protocols);
    this.#clients.push(client);
    return client;
  }

  /** A connection that is logged in as nobody; 1.2 unless another version is asked for. */
  async connect(version: Version = '1.2', headers: Headers = {}, transport?: Transport): Promise<StompClient> {
    const client = await this.open(transport);
    await connectWith(client, {
      'accept-version': version,
      host: 'conformance',
      ...Object.fromEntries(entriesOf(headers)),
    });
    expect(client.version).toBe(version);
    return client;
  }

  /** The value at a path, as a client sees it that comes just now. */
  async read(path: string): Promise<unknown> {
    const client = await this.connect('1.2', {}, 'tcp');
    const { snapshot } = await subscribe(client, path);
    client.destroy();
    return snapshot;
  }

  /** Audits all that the server sent, and drops what is left of the connections. */
  async end(): Promise<void> {
    const findings = await Promise.all(this.#clients.map(auditClient));
    for (const client of this.#clients) client.destroy();
    expect(findings.flat()).toEqual([]);
  }

  drop(): void {
    for (const client of this.#clients) client.destroy();
  }
}

function entriesOf(headers: Headers): readonly (readonly [string, string])[] {
  return Array.isArray(headers) ? headers : Object.entries(headers);
}

/** Sends CONNECT and waits for CONNECTED. */
export async function connectWith(client: StompClient, headers: Headers, command = 'CONNECT'): Promise<ReceivedFrame> {
  client.send(command, headers);
  return client.take('CONNECTED', (frame) => frame.command === 'CONNECTED');
}

/** A subscription whose first MESSAGE has come. */
export interface Subscribed {
  readonly id: string;
  /** The state that it began with. */
  readonly snapshot: unknown;
  /** The `message-id`, and in 1.2 the `ack`, of the first MESSAGE. */
  readonly first: ReadonlyMap<string, string>;
}

let ids = 0;

/** Subscribes with a receipt and waits for both the RECEIPT and the first MESSAGE. */
export async function subscribe(client: StompClient, destination: string, headers: Headers = {}): Promise<Subscribed> {
  const given = entriesOf(headers);
  const id = given.find(([name]) => name === 'id')?.[1] ?? `s${ids++}`;
  const all: [string, string][] = [
    ['id', id],
    ['destination', destination],
  ];
  await client.request('SUBSCRIBE', [...all, ...given.filter(([name]) => name !== 'id')]);
  const frame = await client.message(id);
  return { id, snapshot: JSON.parse(frame.text), first: frame.headers };
}

/** Sends a JSON value and waits for the RECEIPT. */
export function write(
  client: StompClient,
  destination: string,
  value: unknown,
  headers: Headers = {},
): Promise<ReceivedFrame> {
  return client.request('SEND', [['destination', destination], ...entriesOf(headers)], JSON.stringify(value));
}

/** The value of the next MESSAGE of a subscription. */
export async function nextValue(client: StompClient, id: string): Promise<unknown> {
  return JSON.parse((await client.message(id)).text);
}

/** Fails if a MESSAGE of the subscription comes before one that is caused now, through the same connection. */
export async function expectNothing(world: World, client: StompClient, id?: string): Promise<void> {
  const probe = world.path(`probe-${ids++}`);
  const { id: probeId } = await subscribe(client, probe);
  await write(client, probe, 'now');
  expect(await nextValue(client, probeId)).toBe('now');
  const stray = client.pending.filter(
    (frame) => frame.command === 'MESSAGE' && (id === undefined || frame.headers.get('subscription') === id),
  );
  expect(stray.map((frame) => frame.text)).toEqual([]);
}

/** Waits for a moment in which something wrong would have happened. */
export function aMoment(ms = 150): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

type Check = (id: string, title: string, body: (world: World) => Promise<void>) => void;

export interface Checks {
  readonly check: Check;
  /** A check that cannot be made of a tree database. */
  readonly notApplicable: (id: string, title: string, reason: string) => void;
  readonly transport: Transport;
}

export interface SectionOptions {
  readonly transports?: readonly Transport[];
  /** Further flags for the server. */
  readonly args?: readonly string[];
  /** Whether each check ends with all audits; the section about the audits makes them itself. */
  readonly audited?: boolean;
}

/** The checks of one section, over each transport, against one server. */
export function section(title: string, define: (checks: Checks) => void, options: SectionOptions = {}): void {
  describe(title, () => {
    let server: ServerHandle | undefined;
    beforeAll(async () => {
      server = await startServer({ args: [...FURTHER_FLAGS, ...(options.args ?? [])] });
    });
    afterAll(() => server?.stop());
    describe.each(options.transports ?? (['tcp', 'websocket'] as const))('over %s', (transport) => {
      const check: Check = (id, what, body) =>
        it.concurrent(`${id} ${what}`, async () => {
          const world = new World(transport, server!);
          try {
            await body(world);
            if (options.audited !== false) await world.end();
          } finally {
            world.drop();
          }
        });
      const notApplicable: Checks['notApplicable'] = (id, what, reason) => {
        it.skip(`${id} ${what} (not applicable: ${reason})`, () => {});
      };
      define({ check, notApplicable, transport });
    });
  });
}
