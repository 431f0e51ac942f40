/**
 * Kills the server, or one of its workers, at random moments while several connections write, and checks after each
 * kill that nothing acknowledged is lost, nothing is there by half, and subscribers miss and double nothing.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { processTree, waitUntil } from '../harness/measure.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import type { Json, JsonObject } from './json-tree.js';
import { Random } from './random.js';
import { Session, SessionEnded } from './session.js';
import { Subscriber } from './subscriber.js';
import { PairWriter, PushWriter, SingleWriter, type Writer } from './writers.js';

export interface CrashLoopOptions {
  readonly kills: number;
  readonly random: Random;
  /** 1: the server is killed and started again on its data. More: one worker is killed, and the server goes on. */
  readonly workers: number;
  readonly log?: (text: string) => void;
}

export interface CrashReport {
  readonly kills: number;
  /** Durable writes that were acknowledged, all of which were found. */
  readonly acknowledged: number;
  readonly revision: number;
  /** Events that each subscriber got, and how often it came back. */
  readonly events: number;
  readonly resumptions: number;
}

const PAIRS = ['p0', 'p1'];
/** Beyond this many entries the log is cleared, so that reading it stays quick. */
const MAX_LOG_ENTRIES = 20_000;

/** Rejects with what was lost, halved, missed or doubled, naming the seed. */
export async function runCrashLoop(options: CrashLoopOptions): Promise<CrashReport> {
  const dataDir = await mkdtemp(join(tmpdir(), 'backside-crash-'));
  const loop = new CrashLoop(options, dataDir);
  try {
    return await loop.run();
  } catch (error) {
    const where = `with seed ${options.random.seed} and ${options.workers} worker(s)`;
    throw new Error(`${where}: ${(error as Error).message}\nthe server said:\n${loop.lastOutput()}`, { cause: error });
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

class CrashLoop {
  readonly #options: CrashLoopOptions;
  readonly #dataDir: string;
  readonly #singles: readonly SingleWriter[] = ['s0', 's1'].map((name) => new SingleWriter(name));
  readonly #pairs: readonly PairWriter[] = PAIRS.map((name) => new PairWriter(name));
  readonly #pushers: readonly PushWriter[] = ['l0', 'l1'].map((name) => new PushWriter(name));
  readonly #subscribers: readonly Subscriber[] = [new Subscriber(PAIRS), new Subscriber(PAIRS)];
  #server!: ServerHandle;
  #fault: Error | null = null;

  constructor(options: CrashLoopOptions, dataDir: string) {
    this.#options = options;
    this.#dataDir = dataDir;
  }

  async run(): Promise<CrashReport> {
    this.#server = await this.#start();
    const actors = [...this.#writers(), ...this.#subscribers];
    const running = actors.map((actor) =>
      actor
        .run(() => this.#server.tcpPort)
        .catch((error: Error) => {
          this.#fault ??= error;
        }),
    );
    try {
      for (let kill = 1; kill <= this.#options.kills; kill += 1) await this.#killOnce(kill);
      for (const writer of this.#writers()) writer.stop();
      await this.#verifySubscribers();
    } finally {
      for (const actor of actors) actor.stop();
      await Promise.all(running);
      await this.#server.stop();
    }
    this.#assertSound();
    return this.#report();
  }

  /** The end of what the server wrote. */
  lastOutput(): string {
    return this.#server?.output().slice(-2000) ?? '';
  }

  #writers(): readonly Writer[] {
    return [...this.#singles, ...this.#pairs, ...this.#pushers];
  }

  #start(): Promise<ServerHandle> {
    return startServer({ dataDir: this.#dataDir, workers: this.#options.workers });
  }

  async #killOnce(kill: number): Promise<void> {
    const { random, workers, log } = this.#options;
    await sleep(random.between(20, 500));
    this.#assertSound();
    if (workers === 1) {
      await this.#server.kill();
      this.#server = await this.#start();
      await this.#verifyData();
      // One of the subscribers takes part in every round; the other may be killed on its way.
      await waitUntil(
        () => this.#fault !== null || this.#subscribers[0]!.resumptions >= kill,
        'a subscriber to come back',
      );
    } else {
      this.#killWorker();
      await this.#verifyData();
      // Killing the next one before this one is replaced would leave nobody to serve.
      await waitUntil(() => this.#workersReplaced() >= kill, 'the worker to be replaced');
    }
    const { revision } = this.#subscribers[0]!;
    log?.(`kill ${kill}: ${this.#acknowledged()} acknowledged, subscribers at revision ${revision}`);
  }

  #killWorker(): void {
    const workers = processTree(this.#server.pid).slice(1);
    if (workers.length === 0) throw new Error('the server has no worker process to kill');
    process.kill(this.#options.random.pick(workers), 'SIGKILL');
  }

  #workersReplaced(): number {
    return this.#server.output().split('a new worker serves').length - 1;
  }

  /** What is acknowledged before the reading begins must be in what is read. */
  async #verifyData(): Promise<void> {
    const before = new Map(this.#writers().map((writer) => [writer, writer.known.acknowledged]));
    const pushed = this.#pushers.map((pusher) => [...pusher.pushed]);
    const revision = Math.max(...this.#writers().map((writer) => writer.revision));
    const state = await this.#readState();
    if (state.revision < revision)
      throw new Error(`revision ${state.revision} is read after ${revision} was acknowledged`);
    const check = (writer: Writer, folder: string): void => {
      const value = Number(childOf(childOf(state.value, folder), writer.name) ?? 0);
      const low = before.get(writer)!;
      if (value < low || value > writer.known.sent) {
        throw new Error(`/${folder}/${writer.name} is ${value}, acknowledged ${low}, sent ${writer.known.sent}`);
      }
    };
    for (const single of this.#singles) check(single, 'single');
    for (const pair of this.#pairs) for (const folder of ['left', 'right']) check(pair, folder);
    this.#assertPairsEqual(state.value);
    for (const entries of pushed) this.#assertPushed(state.value, entries);
    if (pushed.flat().length > MAX_LOG_ENTRIES) await this.#clearLog();
  }

  #assertPairsEqual(value: Json): void {
    for (const name of PAIRS) {
      const [left, right] = ['left', 'right'].map((folder) => childOf(childOf(value, folder), name));
      if (left !== right) throw new Error(`half a commit: ${name} is ${left} and ${right}`);
    }
  }

  #assertPushed(value: Json, entries: readonly (readonly [string, number])[]): void {
    for (const [path, n] of entries) {
      const [, folder, name, key] = path.split('/');
      const found = childOf(childOf(childOf(value, folder!), name!), key!);
      if (found !== n) throw new Error(`the acknowledged push ${path} is ${found} and not ${n}`);
    }
  }

  /** What was pushed while the log was removed may have gone with it or stayed: it is forgotten here either way. */
  async #clearLog(): Promise<void> {
    await this.#withSession((session) => session.request('SEND', { destination: '/log', method: 'remove' }));
    for (const pusher of this.#pushers) pusher.pushed.clear();
  }

  /** What a new client reads. One process must have `revision` at once; a worker may be a moment behind the other. */
  async #readState(revision = 0): Promise<{ value: Json; revision: number }> {
    const end = performance.now() + (this.#options.workers === 1 ? 0 : 5000);
    for (;;) {
      const frame = await this.#withSession((session) => session.read('/'));
      const read = Number(frame.headers.get('revision'));
      if (read >= revision) return { value: JSON.parse(frame.text) as Json, revision: read };
      if (performance.now() > end) throw new Error(`revision ${read} is read after ${revision} was acknowledged`);
      await sleep(20);
    }
  }

  /** A connection may still be handed to the worker that is dying, and drop: then the next one is tried. */
  async #withSession<Result>(use: (session: Session) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      let session: Session | null = null;
      try {
        session = await Session.open(this.#server.tcpPort);
        return await use(session);
      } catch (error) {
        if (!(error instanceof SessionEnded) || attempt === 50) throw error;
        await sleep(20);
      } finally {
        session?.destroy();
      }
    }
  }

  /** Every subscriber arrives at the state that a new reader sees. */
  async #verifySubscribers(): Promise<void> {
    await sleep(100);
    const state = await this.#readState();
    for (const subscriber of this.#subscribers) {
      await waitUntil(
        () => subscriber.revision >= state.revision || this.#fault !== null,
        `a subscriber at ${subscriber.revision} to reach ${state.revision}`,
      );
      subscriber.assertSound();
      const [known, read] = [canonical(subscriber.model.value), canonical(state.value)];
      if (known !== read)
        throw new Error(`a subscriber's tree differs from the server's at revision ${state.revision}`);
    }
  }

  #assertSound(): void {
    if (this.#fault) throw this.#fault;
    for (const subscriber of this.#subscribers) subscriber.assertSound();
  }

  #acknowledged(): number {
    return this.#writers().reduce((sum, writer) => sum + writer.known.count, 0);
  }

  #report(): CrashReport {
    const [first] = this.#subscribers;
    return {
      kills: this.#options.kills,
      acknowledged: this.#acknowledged(),
      revision: first!.revision,
      events: first!.events,
      resumptions: first!.resumptions,
    };
  }
}

function childOf(value: Json | undefined, key: string): Json {
  return typeof value === 'object' && value !== null ? (value[key] ?? null) : null;
}

/** JSON with sorted keys. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_key, part: Json) => (typeof part === 'object' && part !== null ? sorted(part) : part));
}

function sorted(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The loop as a program: `node --import tsx --conditions=source test/load/crash-loop.ts --kills 200 --workers 2 --seed 7`. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '200' },
      workers: { type: 'string', default: '1' },
      seed: { type: 'string' },
    },
  });
  const random = new Random(Number(values.seed ?? Date.now() % 2 ** 32));
  const log = (text: string): void => console.log(text);
  const report = await runCrashLoop({ kills: Number(values.kills), workers: Number(values.workers), random, log });
  console.log(`seed ${random.seed}:`, report);
}

if (process.argv[1] === import.meta.filename) await main();
