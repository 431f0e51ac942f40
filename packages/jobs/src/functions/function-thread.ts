import { Worker } from 'node:worker_threads';
import { toBacksideError } from '@backside/protocol';
import type { FunctionEvent } from './define.js';
import { FunctionLoopError } from './effects.js';
import type { HostMessage, LoadedFunction, Request, ThreadData, ThreadMessage } from './messages.js';

/** Why a try of an event came to nothing. */
export class RunFailure extends Error {
  /** `thrown` by the function; or its thread has `ended`: by itself, or because of a time limit. */
  readonly kind: 'thrown' | 'ended';
  /** Whether the failure may be none of its own: others ran in the same thread, or the server ended it. */
  readonly inCompany: boolean;
  /** Whether any further try would fail as well. */
  readonly permanent: boolean;

  constructor(reason: string, how: Pick<RunFailure, 'kind'> & Partial<Pick<RunFailure, 'inCompany' | 'permanent'>>) {
    super(reason);
    this.name = 'RunFailure';
    this.kind = how.kind;
    this.inCompany = how.inCompany ?? false;
    this.permanent = how.permanent ?? false;
  }
}

export interface ThreadOptions {
  /** URL of the file with the functions. */
  readonly file: string;
  readonly loadTimeoutMs: number;
  readonly maxHeapMegabytes: number;
  readonly env: Readonly<Record<string, string>>;
  readonly answer: (event: FunctionEvent, request: Request) => Promise<unknown>;
  readonly log: (event: FunctionEvent, message: string) => void;
}

interface Run {
  readonly event: FunctionEvent;
  readonly timer: NodeJS.Timeout;
  readonly end: (failure: RunFailure | null) => void;
  loop: boolean;
}

/** Whether this runs from its source: then the threads do, too. */
const FROM_SOURCE = import.meta.url.endsWith('.ts');
const ENTRY = new URL(FROM_SOURCE ? './thread.from-source.mjs' : './thread.js', import.meta.url);
const DEFINE = new URL(FROM_SOURCE ? './define.ts' : './define.js', import.meta.url);

/** A worker thread that has one file of functions loaded. Once it has ended it is not started again. */
export class FunctionThread {
  /** What the file exports. Rejects, and the thread has ended, if it cannot be loaded within its time. */
  readonly loaded: Promise<readonly LoadedFunction[]>;
  readonly #options: ThreadOptions;
  readonly #worker: Worker;
  readonly #runs = new Map<number, Run>();
  #nextRun = 0;
  #settleLoad!: { resolve: (functions: readonly LoadedFunction[]) => void; reject: (error: Error) => void };
  #loadTimer: NodeJS.Timeout;
  #reason: string | null = null;
  #ended: (() => void)[] = [];

  constructor(options: ThreadOptions) {
    this.#options = options;
    const workerData: ThreadData = { file: options.file, define: DEFINE.href };
    this.#worker = new Worker(ENTRY, {
      workerData,
      env: { ...options.env },
      resourceLimits: { maxOldGenerationSizeMb: options.maxHeapMegabytes },
    });
    this.loaded = new Promise((resolve, reject) => {
      this.#settleLoad = { resolve, reject };
    });
    this.#loadTimer = setTimeout(() => this.end('it took too long to load'), options.loadTimeoutMs);
    this.#worker.on('message', (message: ThreadMessage) => this.#receive(message));
    this.#worker.on('error', (error) => this.#over(`its thread failed: ${error.message}`));
    this.#worker.on('exit', (code) => this.#over(`its thread ended with code ${code}`));
  }

  /** Why it has ended; null while it has not. */
  get reason(): string | null {
    return this.#reason;
  }

  get running(): number {
    return this.#runs.size;
  }

  /** Calls the listener once, when it has ended. */
  onEnd(listener: () => void): void {
    this.#ended.push(listener);
  }

  /** Lets a function run for an event. Resolves when it and what it asked for are done; rejects with a `RunFailure`. */
  run(exportName: string, event: FunctionEvent, timeoutMs: number): Promise<void> {
    const run = ++this.#nextRun;
    return new Promise((resolve, reject) => {
      if (this.#reason !== null) {
        reject(new RunFailure(this.#reason, { kind: 'ended', inCompany: true }));
        return;
      }
      const timer = setTimeout(() => this.end(`it took longer than ${timeoutMs} ms`), timeoutMs);
      const end = (failure: RunFailure | null): void => {
        clearTimeout(timer);
        this.#runs.delete(run);
        if (failure === null) resolve();
        else reject(failure);
      };
      this.#runs.set(run, { event, timer, end, loop: false });
      this.#post({ kind: 'run', run, exportName, event });
    });
  }

  #post(message: HostMessage): void {
    this.#worker.postMessage(message);
  }

  #receive(message: ThreadMessage): void {
    switch (message.kind) {
      case 'loaded':
        clearTimeout(this.#loadTimer);
        this.#settleLoad.resolve(message.functions);
        return;
      case 'not-loaded':
        this.end(message.reason);
        return;
      default:
        this.#receiveFrom(this.#runs.get(message.run), message);
    }
  }

  #receiveFrom(run: Run | undefined, message: Exclude<ThreadMessage, { kind: 'loaded' | 'not-loaded' }>): void {
    if (message.kind === 'request') this.#answer(run, message);
    else if (run === undefined) return;
    else if (message.kind === 'log') this.#options.log(run.event, message.message);
    else if (message.kind === 'failed')
      run.end(new RunFailure(message.reason, { kind: 'thrown', permanent: run.loop }));
    else run.end(null);
  }

  #answer(run: Run | undefined, { call, request }: ThreadMessage & { kind: 'request' }): void {
    if (run === undefined) {
      this.#post({ kind: 'refusal', call, code: 'unavailable', message: 'the function has ended' });
      return;
    }
    this.#options.answer(run.event, request).then(
      (value) => this.#post({ kind: 'answer', call, value }),
      (error: unknown) => {
        if (error instanceof FunctionLoopError) run.loop = true;
        const { code, message } = toBacksideError(error);
        this.#post({ kind: 'refusal', call, code, message });
      },
    );
  }

  /** Ends the thread at once, whatever it does. What runs in it is not to blame if `innocent`. */
  end(reason: string, innocent = false): void {
    this.#over(reason, innocent);
    void this.#worker.terminate();
  }

  #over(reason: string, innocent = false): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    clearTimeout(this.#loadTimer);
    this.loaded.catch(() => undefined);
    this.#settleLoad.reject(new Error(reason));
    const runs = [...this.#runs.values()];
    const inCompany = innocent || runs.length > 1;
    for (const run of runs) run.end(new RunFailure(reason, { kind: 'ended', inCompany }));
    for (const listener of this.#ended) listener();
  }
}
