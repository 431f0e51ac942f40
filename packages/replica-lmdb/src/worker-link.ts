import { Worker } from 'node:worker_threads';
import { BacksideError, type Commit } from '@backside/protocol';
import type { Progress, Report, Request, Task, WorkerOptions } from './messages.js';

/** Commits are sent once so many bytes of them have gathered, or when a task needs them. */
const SEND_BYTES = 256 * 1024;
/** What the thread has just made and soon drops: a checkpoint of some commits, less than V8 allows, as every process has such a thread. */
const YOUNG_GENERATION_MB = 12;

/** What a link tells its owner, beside the outcome of tasks. */
export interface LinkEvents {
  /** The disk holds a newer state. */
  progressed(progress: Progress): void;
  /** The disk was worked on without a newer state: readers should let go of the old pages. */
  worked(): void;
  /** Something failed that nobody waits for. `fatal`: the worker is gone, and every task from now on fails. */
  trouble(error: BacksideError, fatal: boolean): void;
}

interface Waiter {
  resolve(progress: Progress): void;
  reject(error: BacksideError): void;
}

/** The other end of the worker thread. It keeps the process alive only while a task is under way. */
export class WorkerLink {
  readonly #worker: Worker;
  readonly #events: LinkEvents;
  readonly #waiters: Map<number, Waiter> = new Map();
  /** The encodings that were not sent, one behind the other; copied at once, so that nothing else is kept for them. */
  #unsent: Uint8Array | null = null;
  #unsentBytes = 0;
  #unsentLengths: number[] = [];
  #nextId = 1;
  #failure: BacksideError | null = null;
  #closing = false;

  constructor(options: WorkerOptions, events: LinkEvents) {
    this.#events = events;
    this.#worker = startWorker(options);
    this.#worker.unref();
    this.#worker.on('message', (report: Report) => this.#receive(report));
    this.#worker.on('error', (cause) => this.#fail(unavailable('the checkpoint thread failed', cause)));
    this.#worker.on('exit', () => this.#fail(unavailable('the checkpoint thread ended')));
  }

  /** Adds commits to what the next checkpoint writes. */
  send(commits: readonly Commit[]): void {
    if (this.#failure) return;
    for (const commit of commits) this.#add(commit.encoded());
  }

  #add(encoding: Uint8Array): void {
    const { length } = encoding;
    if (this.#unsentBytes + length > SEND_BYTES) this.#flush();
    this.#unsent ??= new Uint8Array(Math.max(SEND_BYTES, length));
    this.#unsent.set(encoding, this.#unsentBytes);
    this.#unsentBytes += length;
    this.#unsentLengths.push(length);
    if (this.#unsentBytes >= SEND_BYTES) this.#flush();
  }

  /** Has a task done, after all that was asked before. Rejects with `unavailable` if it fails; then nothing was changed. */
  perform(task: Task): Promise<Progress> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (task.kind === 'close') this.#closing = true;
    this.#flush();
    const id = this.#nextId++;
    this.#post({ kind: 'task', id, task });
    this.#worker.ref();
    return new Promise((resolve, reject) => this.#waiters.set(id, { resolve, reject }));
  }

  /** Ends the thread at once, wherever it is; what it was writing is as if it had not begun. */
  async terminate(): Promise<void> {
    this.#closing = true;
    await this.#worker.terminate();
  }

  #flush(): void {
    if (this.#unsent === null || this.#failure) return;
    const commits = { bytes: this.#unsent.subarray(0, this.#unsentBytes), lengths: this.#unsentLengths };
    this.#forgetUnsent();
    this.#post({ kind: 'commits', commits });
  }

  #forgetUnsent(): void {
    this.#unsent = null;
    this.#unsentBytes = 0;
    this.#unsentLengths = [];
  }

  #post(request: Request): void {
    const transfer = request.kind === 'commits' ? [request.commits.bytes.buffer as ArrayBuffer] : [];
    this.#worker.postMessage(request, transfer);
  }

  #receive(report: Report): void {
    switch (report.kind) {
      case 'worked':
        this.#events.worked();
        break;
      case 'trouble':
        this.#events.trouble(unavailable(report.message), false);
        break;
      case 'failed':
        this.#take(report.id)?.reject(unavailable(report.message));
        break;
      case 'done':
        this.#events.progressed(report.progress);
        this.#take(report.id)?.resolve(report.progress);
        break;
    }
  }

  #take(id: number): Waiter | undefined {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    if (this.#waiters.size === 0) this.#worker.unref();
    return waiter;
  }

  #fail(error: BacksideError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#forgetUnsent();
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const { reject } of waiters) reject(error);
    if (!this.#closing) this.#events.trouble(error, true);
  }
}

/** Where the package runs from its source, the worker needs a loader for TypeScript. */
function startWorker(options: WorkerOptions): Worker {
  const fromSource = import.meta.url.endsWith('.ts');
  const file = fromSource ? './checkpoint-worker.from-source.mjs' : './checkpoint-worker.js';
  const execArgv = fromSource ? ['--conditions=source'] : [];
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB };
  return new Worker(new URL(file, import.meta.url), {
    workerData: options,
    execArgv,
    resourceLimits,
    name: 'backside-checkpoint',
  });
}

function unavailable(message: string, cause?: unknown): BacksideError {
  return new BacksideError('unavailable', message, { cause });
}
