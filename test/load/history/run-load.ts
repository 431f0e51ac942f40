import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../random.js';
import { Hearer } from './hearer.js';
import type { History, SeenState } from './history.js';
import { Line } from './line.js';
import type { LoadNode } from './load-node.js';
import { FOLDERS, Workload } from './workload.js';
import { Writer } from './writer.js';

export interface LoadOptions {
  readonly nodes: readonly LoadNode[];
  readonly writers: number;
  readonly listeners: number;
  readonly random: Random;
  /** What happens meanwhile; the load ends when it does. */
  readonly during: () => Promise<void>;
  /** Milliseconds between two writes of one writer at most; default 0. */
  readonly pauseMs?: number;
  /** Every third listener drops its connection and comes back after so many milliseconds at most; default 2 s. */
  readonly staysMs?: number;
  /** How long writes are sent again, and nodes and listeners have to come to rest after the last one, in milliseconds; default a minute. */
  readonly settleMs?: number;
}

const STAYS_MS = 2_000;

const SETTLE_MS = 60_000;

/** Puts load on the nodes and returns what the clients sent and saw. Rejects if no node answers at the beginning. */
export async function runLoad(options: LoadOptions): Promise<History> {
  const { settleMs = SETTLE_MS, nodes } = options;
  const load = new Load(options);
  try {
    await load.begin();
    const base = await readFrom(nodes, settleMs);
    if (base === null) throw new Error('no node tells the tree');
    await load.run();
    const final = await Promise.all(nodes.map((node) => readFrom([node], settleMs)));
    for (const [index, state] of final.entries()) {
      if (state === null) load.restless.push(`${nodes[index]!.name} did not tell the tree at the end`);
    }
    return { base, ...load.record, final: final.filter((state) => state !== null) };
  } finally {
    load.end();
  }
}

class Load {
  readonly #options: LoadOptions;
  readonly #lines: Line[] = [];
  readonly #writers: readonly Writer[];
  readonly #closer: Writer;
  readonly #hearers: readonly Hearer[];
  readonly #workload: Workload;
  readonly restless: string[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#workload = new Workload(options.random);
    this.#writers = Array.from({ length: options.writers }, (_, index) =>
      this.#writer(`writer-${index}`, this.#line(index), index % 2 === 0),
    );
    this.#closer = this.#writer('closer', this.#line(0), true);
    // Half of them listen to everything, and at least one per node, so that no commit goes unseen.
    this.#hearers = Array.from({ length: options.listeners }, (_, index) => {
      const path = index % 2 === 0 || index < options.nodes.length ? '/' : FOLDERS[(index >> 1) % FOLDERS.length]!;
      const staysMs = index % 3 === 2 ? (options.staysMs ?? STAYS_MS) : Number.POSITIVE_INFINITY;
      return new Hearer({
        listener: `listener-${index}`,
        path,
        line: this.#line(index),
        random: this.#random(),
        staysMs,
      });
    });
  }

  get record(): Omit<History, 'base' | 'final'> {
    const writers = [...this.#writers, this.#closer];
    const listens = this.#hearers.map(({ listener, path, events }) => ({ listener, path, events }));
    return {
      writes: writers.flatMap(({ writes }) => writes),
      reads: writers.flatMap(({ reads }) => reads),
      listens,
      restless: this.restless,
    };
  }

  /** Has each node make a write first, as far as it does: what clients of an earlier load had sent there, never to be told of it, is done by then. */
  async begin(): Promise<void> {
    const { nodes, settleMs = SETTLE_MS } = this.#options;
    const openers = nodes.map((node) => this.#writer('opener', this.#line(0, [node]), true));
    const made = openers.map((opener) => opener.make(this.#workload.touching('/')));
    await Promise.race([Promise.all(made), sleep(settleMs, null, { ref: false })]);
  }

  async run(): Promise<void> {
    for (const hearer of this.#hearers) void hearer.run();
    await this.#rest(({ revision }) => revision >= 0, 'got no first event');
    const writing = Promise.all(this.#writers.map((writer) => writer.run()));
    try {
      await this.#options.during();
    } finally {
      for (const writer of this.#writers) writer.stop();
    }
    await writing;
    await this.#close();
  }

  end(): void {
    for (const line of this.#lines) line.end();
  }

  /** Writes once more to everything that is listened to, and waits until each listener has heard of it. */
  async #close(): Promise<void> {
    const last = new Map<string, number>();
    for (const folder of new Set(this.#hearers.map(({ path }) => path))) {
      const answer = await this.#closer.make(this.#workload.touching(folder));
      if (answer?.kind !== 'acknowledged') this.restless.push(`no node takes a write to ${folder} at the end`);
      else for (const path of [folder, '/']) last.set(path, answer.revision);
    }
    await this.#rest(({ path, revision }) => revision >= (last.get(path) ?? 0), 'got no last event');
  }

  /** Waits until it holds for every listener; those for which it does not in time are told. */
  async #rest(holds: (hearer: Hearer) => boolean, complaint: string): Promise<void> {
    const end = performance.now() + (this.#options.settleMs ?? SETTLE_MS);
    while (performance.now() < end && !this.#hearers.every(holds)) await sleep(10);
    for (const hearer of this.#hearers) {
      if (!holds(hearer))
        this.restless.push(`${hearer.listener} of ${hearer.path} ${complaint}, and is at ${hearer.revision}`);
    }
  }

  #writer(name: string, line: Line, resends: boolean): Writer {
    const { pauseMs = 0, settleMs = SETTLE_MS } = this.#options;
    return new Writer({ name, line, workload: this.#workload, random: this.#random(), resends, settleMs, pauseMs });
  }

  /** One of its own for each client, so that they do not disturb each other's choices. */
  #random(): Random {
    return new Random(this.#options.random.between(0, 2 ** 31));
  }

  #line(first: number, nodes: readonly LoadNode[] = this.#options.nodes): Line {
    const line = new Line(nodes, first);
    this.#lines.push(line);
    return line;
  }
}

/** The whole tree at the first of the nodes that tells it without reservation; null if none does in time. */
async function readFrom(
  nodes: readonly LoadNode[],
  timeoutMs: number,
): Promise<(SeenState & { epoch: string }) | null> {
  const line = new Line(nodes, 0);
  const end = performance.now() + timeoutMs;
  try {
    while (performance.now() < end) {
      const here = await Promise.race([line.connected(), sleep(timeoutMs, null, { ref: false })]);
      if (here === null) return null;
      const sentAt = performance.now();
      const told = await here.connection.read('/');
      if (told !== null && !told.stale) {
        const { epoch } = here.connection;
        return { node: here.node.name, path: '/', sentAt, endedAt: performance.now(), epoch, ...told };
      }
      await sleep(100);
    }
    return null;
  } finally {
    line.end();
  }
}
