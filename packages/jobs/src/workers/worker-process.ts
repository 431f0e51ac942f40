import { Worker } from 'node:worker_threads';
import type { Json } from '@backside/tree';
import type { Handler, JobContext, JobStep } from '../handler.js';
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
  #abort = new AbortController();

  constructor(send: (message: FromWorker) => void) {
    this.#send = send;
  }

  receive(message: ToWorker): void {
    switch (message.kind) {
      case 'run':
        void this.#run(message);
        break;
      case 'abort':
        this.#abort.abort(fromWireError(message.reason));
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
    this.#abort = new AbortController();
    try {
      const value = await (await loadHandler(module, handler))(data, this.#context(job));
      // What JSON cannot hold is refused here, where the stack still tells whose it is.
      this.#send({ kind: 'result', value: JSON.parse(JSON.stringify(value ?? null)) as Json });
    } catch (error) {
      this.#send({ kind: 'failed', error: toWireError(error) });
    }
  }

  #context(job: { readonly id: string; readonly name: string; readonly attempt: number }): JobContext {
    return {
      ...job,
      signal: this.#abort.signal,
      progress: (value) => this.#send({ kind: 'progress', value }),
      read: (path) => this.#call((call) => ({ kind: 'read', call, path })),
      write: async (steps: readonly JobStep[]) => {
        await this.#call((call) => ({ kind: 'write', call, steps }));
      },
    };
  }

  #call(message: (call: number) => FromWorker): Promise<Json> {
    this.#lastCall += 1;
    const call = this.#lastCall;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject });
      this.#send(message(call));
    });
  }

  #settle(call: number): Waiting | undefined {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    return waiting;
  }
}

async function loadHandler(module: string, name: string): Promise<Handler> {
  const loaded = (await import(module)) as Readonly<Record<string, unknown>>;
  const handler = Object.hasOwn(loaded, name) ? loaded[name] : undefined;
  if (typeof handler === 'function') return handler as Handler;
  throw Object.assign(new Error(`the module exports no function ${name}`), { name: 'FinalError' });
}
