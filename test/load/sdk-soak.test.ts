import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Database, type ServerEvent } from '@backside/sdk';
import { nodeSocket } from '@backside/sdk/node';
import { parsePath } from '@backside/tree';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Faults, type FaultyProxy, NO_FAULTS, startFaultyProxy } from '../harness/faulty-proxy.js';
import { waitUntil } from '../harness/measure.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { countFromEnvironment, Random } from './random.js';

const SECONDS = countFromEnvironment('SDK_SOAK_SECONDS', 20);
const CLIENTS = countFromEnvironment('SDK_SOAK_CLIENTS', 50);
/** Between two writes of one client, at most. */
const PAUSE_MS = 2_000;
const SETTLE_MS = 60_000;
/** Every few seconds a client loses its line in one way or another. */
const BAD_LINE: Faults = { delayMs: 20, split: 0.1, cut: 0.01, freeze: 0.002, refuse: 0.1 };

const random = Random.fromEnvironment('SDK_SOAK_SEED');
let dataDir: string;
let server: ServerHandle;
let line: FaultyProxy;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'backside-soak-'));
  server = await startServer({ dataDir });
  line = await startFaultyProxy({ targetPort: server.httpPort, random: () => random.next(), maxFrozenMs: 15_000 });
});

afterAll(async () => {
  await line.stop();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** The server dies without a word, and comes back on the same ports with the same data. */
async function crash(): Promise<void> {
  await server.kill();
  const ports = ['--port', String(server.httpPort), '--tcp-port', String(server.tcpPort)];
  server = await startServer({ dataDir, args: ports });
}

/**
 * Checks what a listener of `/log` is told while it is told. Each writer appends 0, 1, 2 … in this order, so in the state at any
 * revision what a writer has written is an unbroken beginning: a lost event leaves a gap, one out of order makes one.
 */
class LogCheck {
  readonly problems: string[] = [];
  events = 0;
  snapshots = 0;
  /** Where a new connection goes on; null before the first event. */
  resumePoint: string | null = null;
  #revision = 0;
  #written = new Map<string, Set<number>>();

  event({ kind, path, body, revision, epoch, snapshot, resumed }: ServerEvent): void {
    this.events += 1;
    if (snapshot) this.snapshots += 1;
    this.resumePoint = `${epoch}:${revision}`;
    const nothingMissed = kind === 'patch' && resumed === true && Object.keys(body as object).length === 0;
    if (snapshot || nothingMissed ? revision < this.#revision : revision <= this.#revision) {
      this.problems.push(`revision ${revision} after ${this.#revision}`);
    }
    this.#revision = revision;
    if (snapshot) this.#begin(body as Record<string, Record<string, number>> | null);
    else if (kind === 'put') this.#append(path.slice(1));
    else for (const relative of Object.keys(body as object)) this.#append([...path.slice(1), ...parsePath(relative)]);
    this.#check();
  }

  #begin(state: Record<string, Record<string, number>> | null): void {
    const before = this.#written;
    this.#written = new Map(
      Object.entries(state ?? {}).map(([writer, entries]) => [writer, new Set(Object.keys(entries).map(numberOf))]),
    );
    for (const [writer, entries] of before) {
      if ((this.#written.get(writer)?.size ?? 0) < entries.size) this.problems.push(`entries of ${writer} are gone`);
    }
  }

  #append([writer = '', entry = '']: readonly string[]): void {
    const entries = this.#written.get(writer) ?? new Set();
    if (entries.has(numberOf(entry))) this.problems.push(`${writer} ${entry} came twice`);
    this.#written.set(writer, entries.add(numberOf(entry)));
  }

  #check(): void {
    for (const [writer, entries] of this.#written) {
      if (!entries.has(entries.size - 1)) this.problems.push(`a gap in the ${entries.size} entries of ${writer}`);
    }
  }
}

/** Keys are not numbers, so that no list becomes an array. */
function keyOf(count: number): string {
  return `n${count}`;
}

function numberOf(key: string): number {
  return Number(key.slice(1));
}

/** One user of the SDK, who listens to everything and writes now and then until told to stop. */
class Client {
  readonly name: string;
  readonly db: Database;
  readonly check = new LogCheck();
  view: unknown = null;
  written = 0;
  acknowledged = 0;
  refused: unknown[] = [];

  constructor(name: string, port: number) {
    this.name = name;
    const db = connect(`ws://127.0.0.1:${port}`, {
      ...{ socket: nodeSocket, heartbeatMs: 2_000, backoff: { firstMs: 50, lastMs: 1_000 } },
    });
    this.db = db;
    this.db.on('/', (value) => {
      this.view = value;
    });
    this.db.connection.listen(
      { path: ['log'], query: null },
      {
        event: (event) => this.check.event(event),
        refused: (error) => this.refused.push(error),
        resumePoint: () => this.check.resumePoint,
      },
    );
  }

  async writeUntil(end: number): Promise<void> {
    while (Date.now() < end) {
      this.#write();
      await sleep(random.next() * PAUSE_MS);
    }
  }

  /** One commit: an entry, and the number of entries, which tells if any was made twice. */
  #write(): void {
    const entry = this.written++;
    const update = {
      [`log/${this.name}/${keyOf(entry)}`]: entry,
      [`counts/${this.name}`]: { '.sv': { increment: 1 } },
    };
    this.db.update('/', update).then(
      () => {
        this.acknowledged += 1;
      },
      (error: unknown) => this.refused.push(error),
    );
  }
}

it(
  `${CLIENTS} clients on bad lines for ${SECONDS} s, with a crash of the server: no event and no write lost, doubled or out of order (seed ${random.seed})`,
  async () => {
    const clients = Array.from({ length: CLIENTS }, (_, index) => new Client(`c${index}`, line.port));
    line.faults = BAD_LINE;
    const end = Date.now() + SECONDS * 1_000;
    const writing = Promise.all(clients.map((client) => client.writeUntil(end)));
    await sleep((SECONDS * 1_000) / 2);
    await crash();
    await writing;
    line.faults = NO_FAULTS;
    await waitUntil(
      () => clients.every(({ written, acknowledged }) => acknowledged === written),
      'all receipts',
      SETTLE_MS,
    );
    const expected = {
      counts: Object.fromEntries(clients.map(({ name, written }) => [name, written])),
      log: Object.fromEntries(
        clients.map(({ name, written }) => [
          name,
          Object.fromEntries(Array.from({ length: written }, (_, n) => [keyOf(n), n])),
        ]),
      ),
    };
    const text = canonical(expected);
    await waitUntil(() => clients.every(({ view }) => canonical(view) === text), 'equal views', SETTLE_MS).catch(
      () => {},
    );
    for (const { view, check, refused, name } of clients) {
      expect({ name, refused, problems: check.problems }).toEqual({ name, refused: [], problems: [] });
      expect(view).toEqual(expected);
    }
    report(clients);
    await Promise.all(clients.map(({ db }) => db.close()));
  },
  SECONDS * 1_000 + 3 * SETTLE_MS,
);

/** Text that is equal for equal values, whatever the order of their keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

function report(clients: readonly Client[]): void {
  const sum = (of: (client: Client) => number): number => clients.reduce((total, client) => total + of(client), 0);
  const { connections, cuts, frozen, refused } = line.counts;
  process.stdout.write(
    `sdk soak: ${sum(({ written }) => written)} writes, ${sum(({ check }) => check.events)} events of which ` +
      `${sum(({ check }) => check.snapshots)} whole states; ${connections} connections, ${cuts} cut, ${frozen} half-open, ${refused} refused\n`,
  );
}
