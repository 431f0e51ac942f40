import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Logger } from '@backside/protocol';
import type { Json } from '@backside/tree';
import type { JobContext } from '../handler.js';
import { type FromWorker, fromWireError, type ToWorker, toWireError } from './worker-messages.js';

const MAX_LINE = 2_000;

export interface WorkerChildOptions {
  /** Heap of the process. */
  readonly memoryMb: number;
  readonly directory: string;
  /** How long a handler may go on after its signal has aborted, before its process is killed, in milliseconds. */
  readonly graceMs: number;
  readonly logger: Logger;
}

/** Which function of which module. */
export interface HandlerPlace {
  readonly module: string;
  readonly handler: string;
}

/** A worker process as its parent sees it. */
export class WorkerChild {
  readonly #child: ChildProcess;
  readonly #options: WorkerChildOptions;
  readonly #ready: Promise<void>;
  readonly #exited: Promise<unknown>;
  #receive: (message: FromWorker) => void = () => {};

  constructor(options: WorkerChildOptions) {
    this.#options = options;
    this.#child = startProcess(options);
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', resolve).once('error', resolve);
    });
    this.#logLines(this.#child.stdout, 'info');
    this.#logLines(this.#child.stderr, 'warn');
    this.#ready = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('exit', () => reject(new Error('the worker process ended before it was ready')));
      this.#child.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') resolve();
        else this.#receive(message);
      });
    });
    // Whoever runs a job learns it; a child that never gets one may fail unheard.
    this.#ready.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it can be given a job. */
  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.connected;
  }

  /** Runs one job; see `Runner.run`. Afterwards the process can run another one if it is still alive. */
  async run(place: HandlerPlace, data: Json, context: JobContext): Promise<Json> {
    await this.#ready;
    const { signal } = context;
    signal.throwIfAborted();
    let onExit = (): void => {};
    let onAbort = (): void => {};
    let kill: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Json>((resolve, reject) => {
        const ended = (error: unknown): void => reject(signal.aborted ? signal.reason : error);
        onExit = (): void => ended(new Error(`the worker process ended: ${this.#howItEnded()}`));
        onAbort = (): void => {
          this.#send({ kind: 'abort', reason: toWireError(signal.reason) });
          kill = setTimeout(() => this.#child.kill('SIGKILL'), this.#options.graceMs);
        };
        this.#child.once('exit', onExit);
        signal.addEventListener('abort', onAbort, { once: true });
        this.#receive = (message) => this.#serve(message, context, { resolve, ended });
        const { id, name, attempt } = context;
        this.#send({ kind: 'run', ...place, job: { id, name, attempt }, data });
      });
    } finally {
      clearTimeout(kill);
      this.#receive = () => {};
      this.#child.off('exit', onExit);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Ends the process, at once. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #serve(
    message: FromWorker,
    context: JobContext,
    { resolve, ended }: { resolve: (value: Json) => void; ended: (error: unknown) => void },
  ): void {
    switch (message.kind) {
      case 'progress':
        context.progress(message.value);
        break;
      case 'read':
        void this.#answer(message.call, () => context.read(message.path));
        break;
      case 'write':
        void this.#answer(message.call, async () => {
          await context.write(message.steps);
          return null;
        });
        break;
      case 'result':
        if (context.signal.aborted) ended(context.signal.reason);
        else resolve(message.value);
        break;
      case 'failed':
        ended(fromWireError(message.error));
        break;
    }
  }

  async #answer(call: number, work: () => Promise<Json>): Promise<void> {
    try {
      this.#send({ kind: 'answer', call, value: await work() });
    } catch (error) {
      this.#send({ kind: 'refusal', call, error: toWireError(error) });
    }
  }

  /** What cannot be sent any more is of no use either: the exit of the process tells whoever waits. */
  #send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #howItEnded(): string {
    const { exitCode, signalCode } = this.#child;
    return signalCode ?? `exit code ${exitCode}`;
  }

  #logLines(stream: Readable | null, level: 'info' | 'warn'): void {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => {
      this.#options.logger[level](
        { worker: this.#child.pid, line: line.slice(0, MAX_LINE) },
        'a worker process printed',
      );
    });
  }
}

/** Where the package runs from its source, the process needs a loader for TypeScript. */
function startProcess({ directory, memoryMb }: WorkerChildOptions): ChildProcess {
  const fromSource = import.meta.url.endsWith('.ts');
  const entry = new URL(fromSource ? '../worker.from-source.mjs' : '../worker.js', import.meta.url);
  return fork(fileURLToPath(entry), [], {
    cwd: directory,
    execArgv: [...(fromSource ? ['--conditions=source'] : []), `--max-old-space-size=${memoryMb}`],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}
