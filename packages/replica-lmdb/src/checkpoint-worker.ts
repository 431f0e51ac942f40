import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { BacksideError, type Commit, type PackedCommits, unpackCommits } from '@backside/protocol';
import { Engine } from './engine.js';
import { type Environment, openEnvironment } from './environment.js';
import type { Report, Request, Task, WorkerOptions } from './messages.js';

/** Slices of work after which readers are told to look at the newer state, so that they do not pin freed pages for long. */
const SLICES_PER_REPORT = 16;

/** The thread that writes: it gathers commits, carries out tasks in order, and between them the work that can wait. */
class CheckpointWorker {
  readonly #port: MessagePort;
  readonly #environment: Environment;
  readonly #engine: Engine;
  /** What the next checkpoint writes. Decoded only then: as bytes they are no burden to the collector of garbage. */
  #commits: PackedCommits[] = [];
  /** Ids of the tasks that wait for all indexes to be complete. */
  #waitingForIndexes: number[] = [];
  #working = false;
  #closed = false;
  #slices = 0;

  constructor(port: MessagePort, { directory, maxPackedCharacters }: WorkerOptions) {
    this.#port = port;
    this.#environment = openEnvironment(directory, 'owner');
    this.#engine = new Engine(this.#environment, maxPackedCharacters);
    port.on('message', (request: Request) => this.#receive(request));
    this.#work();
  }

  #receive(request: Request): void {
    if (request.kind === 'commits') {
      this.#commits.push(request.commits);
      return;
    }
    const { id, task } = request;
    try {
      this.#perform(id, task);
    } catch (error) {
      if (isDefect(error)) throw error;
      this.#report({ kind: 'failed', id, message: textOf(error) });
    }
    if (!this.#closed) this.#work();
  }

  #perform(id: number, task: Task): void {
    switch (task.kind) {
      case 'checkpoint':
        if (this.#commits.length > 0) this.#engine.apply(unpackAll(this.#commits));
        this.#commits = [];
        this.#done(id);
        break;
      case 'indexes':
        this.#engine.setIndexes(task.definitions);
        this.#waitingForIndexes.push(id);
        this.#releaseIndexWaiters();
        break;
      case 'reset':
        this.#engine.reset(task.epoch);
        this.#commits = [];
        this.#done(id);
        break;
      case 'restore-begin':
        this.#engine.beginRestore();
        this.#commits = [];
        this.#done(id);
        break;
      case 'restore':
        this.#engine.restore(unpackCommits(task.entries));
        this.#done(id);
        break;
      case 'restore-end':
        while (this.#engine.restorePriorities());
        this.#engine.finishRestore(task.epoch, task.revision);
        this.#done(id);
        break;
      case 'close':
        this.#closed = true;
        this.#close(id);
        break;
    }
  }

  /** Works in slices, with a turn of the event loop between them in which tasks are taken. */
  #work(): void {
    if (this.#working) return;
    this.#working = true;
    setImmediate(() => {
      this.#working = false;
      if (this.#closed) return;
      try {
        if (this.#slice()) this.#work();
      } catch (error) {
        this.#report({ kind: 'trouble', message: textOf(error) });
      }
    });
  }

  #slice(): boolean {
    const before = this.#engine.hasWork;
    const more = before && this.#engine.workSlice();
    if (before && (!more || ++this.#slices % SLICES_PER_REPORT === 0)) this.#report({ kind: 'worked' });
    this.#releaseIndexWaiters();
    return more;
  }

  #releaseIndexWaiters(): void {
    if (!this.#engine.indexesComplete) return;
    for (const id of this.#waitingForIndexes.splice(0)) this.#done(id);
  }

  #close(id: number): void {
    for (const waiter of this.#waitingForIndexes.splice(0)) {
      this.#report({ kind: 'failed', id: waiter, message: 'closed before the indexes were complete' });
    }
    void this.#environment.root.close().then(() => {
      this.#done(id);
      this.#port.close();
    });
  }

  #done(id: number): void {
    const { epoch, revision } = this.#engine.meta;
    this.#report({ kind: 'done', id, progress: { epoch, revision } });
  }

  #report(report: Report): void {
    this.#port.postMessage(report);
  }
}

function* unpackAll(packs: readonly PackedCommits[]): Generator<Commit, undefined> {
  for (const pack of packs) yield* unpackCommits(pack);
}

/** Whether a commit cannot be read: no retry mends that, so it ends the thread. */
function isDefect(error: unknown): boolean {
  return error instanceof BacksideError && error.code === 'internal';
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

if (parentPort) new CheckpointWorker(parentPort, workerData as WorkerOptions);
