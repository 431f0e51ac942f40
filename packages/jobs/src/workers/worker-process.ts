import { Worker } from 'node:worker_threads';
import type { Json } from '@backside/tree';
import type { Handler } from '../handler.js';
import { JobCalls, type Question } from './job-calls.js';
import { type FromWorker, fromWireError, type ToWorker, toWireError } from './worker-messages.js';

/** Ends this process when its parent has died; in a thread, since a handler may keep the main one busy for ever. */
const WATCHDOG = `
  const parent = process.ppid;
  setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 500);
  require('node:worker_threads').parentPort.postMessage('watching');
`;

/** Serves the parent process until it disconnects. */
export function runAsWorker(): void {
  const watchdog = new Worker(WATCHDOG, { eval: true, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 16 } });
  watchdog.unref();
  const jobs = new WorkerJobs((message) => process.send?.(message));
  process.on('message', (message: ToWorker) => jobs.receive(message));
  process.on('disconnect', () => process.exit(0));
  // A thread begins with the help of the main one, so that has to be idle until it watches.
  watchdog.once('message', () => process.send?.({ kind: 'ready' } satisfies FromWorker));
}

interface Waiting {
  readonly resolve: (value: Json) => void;
  readonly reject: (error: Error) => void;
}

/** The jobs of one worker process, of which one runs at a time. */
class WorkerJobs {
  readonly #send: (message: FromWorker) => void;
  readonly #calls = new Map<number, Waiting>();
  #lastCall = 0;
  #running: JobCalls | null = null;

  constructor(send: (message: FromWorker) => void) {
    this.#send = send;
  }

  receive(message: ToWorker): void {
    switch (message.kind) {
      case 'run':
        void this.#run(message);
        break;
      case 'abort':
        this.#running?.abort(fromWireError(message.reason));
        break;
      case 'answer':
        this.#settle(message.call)?.resolve(message.value);
        break;
      case 'refusal':
        this.#settle(message.call)?.reject(fromWireError(message.error));
        break;
    }
  }

  async #run({ module, handler, job, data }: Extract<ToWorker, { kind: 'run' }>): Promise<void> {
    const calls = new JobCalls({ job, tell: this.#send, ask: (question) => this.#ask(question) });
    this.#running = calls;
    const end = await endOf(async () => {
      const value = await (await loadHandler(module, handler))(data, calls.context);
      // What it did not wait for is a part of it nevertheless.
      await calls.rest();
      return value;
    });
    calls.end();
    this.#running = null;
    this.#send(end);
  }

  #ask(question: Question): Promise<Json> {
    this.#lastCall += 1;
    const call = this.#lastCall;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject });
      this.#send({ ...question, call });
    });
  }

  #settle(call: number): Waiting | undefined {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    return waiting;
  }
}

async function endOf(work: () => unknown): Promise<FromWorker> {
  try {
    // What JSON cannot hold is refused here, where the stack still tells whose it is.
    return { kind: 'result', value: JSON.parse(JSON.stringify((await work()) ?? null)) as Json };
  } catch (error) {
    return { kind: 'failed', error: toWireError(error) };
  }
}

async function loadHandler(module: string, name: string): Promise<Handler> {
  const loaded = (await import(module)) as Readonly<Record<string, unknown>>;
  const handler = Object.hasOwn(loaded, name) ? loaded[name] : undefined;
  if (typeof handler === 'function') return handler as Handler;
  throw Object.assign(new Error(`the module exports no function ${name}`), { name: 'FinalError' });
}
