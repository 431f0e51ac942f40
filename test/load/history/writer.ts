import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.js';
import type { Answer, SeenState, SentWrite, Write } from './history.js';
import type { Line } from './line.js';
import type { Told } from './load-node.js';
import type { Knowledge, Workload } from './workload.js';

const PAUSE_AFTER_FAILURE_MS = 100;

export interface WriterOptions {
  readonly name: string;
  readonly line: Line;
  readonly workload: Workload;
  readonly random: Random;
  /** Writes have idempotency keys, and are sent again until they are answered. Without, what is not answered stays unknown. */
  readonly resends: boolean;
  /** How long that may take, in milliseconds; then the write stays unknown as well. */
  readonly settleMs: number;
  /** Milliseconds between two writes at most. */
  readonly pauseMs: number;
}

/** Makes one write after the other and records what became of them, and of the reads between them. */
export class Writer {
  readonly #options: WriterOptions;
  readonly writes: SentWrite[] = [];
  readonly reads: SeenState[] = [];
  #stopped = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { random, workload, pauseMs } = this.#options;
    while (!this.#stopped) {
      if (random.next() < 0.6) await this.make(workload.unconditional());
      else await this.#makeOnCondition();
      if (pauseMs > 0) await sleep(random.next() * pauseMs);
    }
  }

  /** What is under way is still brought to an end. */
  stop(): void {
    this.#stopped = true;
  }

  /** Makes one write, as often as it takes; the answer is null if nobody knows. */
  async make(write: Write): Promise<Answer | null> {
    const { name, resends, settleMs } = this.#options;
    const sentAt = performance.now();
    const nodes: string[] = [];
    let answer: Answer | null = null;
    do {
      answer = await this.#send(write, nodes);
      if (answer === null) await sleep(PAUSE_AFTER_FAILURE_MS);
    } while (answer === null && resends && performance.now() - sentAt < settleMs);
    this.writes.push({ write, writer: name, nodes, sentAt, answer, endedAt: performance.now() });
    return answer;
  }

  async #send(write: Write, nodes: string[]): Promise<Answer | null> {
    const { line, resends, random } = this.#options;
    const here = await line.connected();
    if (here === null) return null;
    nodes.push(here.node.name);
    return here.connection.write(write, resends ? `${random.seed}-${write.id}` : null);
  }

  /** A transaction as clients make it: read, compute, write if nothing has changed. */
  async #makeOnCondition(): Promise<void> {
    const { workload } = this.#options;
    const path = workload.conditionalPath();
    const known = await this.#look(path);
    if (known !== null) await this.make(workload.conditional(path, known));
  }

  async #look(path: string): Promise<Knowledge | null> {
    const here = await this.#options.line.connected();
    if (here === null) return null;
    const sentAt = performance.now();
    const told: Told | null = await here.connection.read(path);
    if (told === null) return null;
    this.reads.push({ node: here.node.name, path, sentAt, endedAt: performance.now(), ...told });
    return { revision: told.revision, value: told.value as string | null };
  }
}
