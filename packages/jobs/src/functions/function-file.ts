import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Logger } from '@backside/protocol';
import { assertDeclarable } from './assert-declarable.js';
import type { FunctionEvent } from './define.js';
import { FunctionThread, RunFailure, type ThreadOptions } from './function-thread.js';
import type { LoadedFunction } from './messages.js';
import type { DeclaredFunction } from './registry.js';

/** Waits before a thread that ended is started again: the first one, and the longest, in milliseconds. */
const MIN_RESTART_MS = 100;
const MAX_RESTART_MS = 30_000;
/** How long what runs in a thread that is replaced may go on, in milliseconds. */
const DRAIN_MS = 10_000;

export interface FunctionFileOptions extends Omit<ThreadOptions, 'file'> {
  readonly path: string;
  readonly sleep: (ms: number) => Promise<void>;
  readonly logger: Logger;
  /** Called when more can run here than before. */
  readonly ready: () => void;
}

/** One try of an event. */
export interface FunctionRun {
  /** Names the event among all that run in the file, at each try the same. */
  readonly entry: string;
  readonly exportName: string;
  readonly event: FunctionEvent;
  readonly timeoutMs: number;
}

/** The file's name without its ending, which begins the names of its functions. */
export function fileNameOf(path: string): string {
  return basename(path).replace(/\.m?js$/, '');
}

/**
 * One file of functions and its thread: started again when it ends, slower each time; replaced when the file has changed. If a thread ends
 * while several events run in it, nobody can tell whose fault it was: each of them then runs alone, and none is blamed before.
 */
export class FunctionFile {
  readonly name: string;
  readonly #options: FunctionFileOptions;
  #thread: FunctionThread | null = null;
  /** The one that is to take its place. */
  #loading: FunctionThread | null = null;
  #functions: readonly DeclaredFunction[] | null = null;
  /** Entries that are to run alone. */
  readonly #suspects = new Set<string>();
  #failures = 0;
  #closed = false;

  constructor(options: FunctionFileOptions) {
    this.#options = options;
    this.name = fileNameOf(options.path);
  }

  /** As it could be loaded last; null if it never could. */
  get functions(): readonly DeclaredFunction[] | null {
    return this.#functions;
  }

  /** Loads what the file says now. If that fails the last version that could be loaded stays, and the reason is logged. */
  async load(): Promise<void> {
    if (this.#closed) return;
    this.#loading?.end('its file has changed', true);
    const thread = this.#start();
    this.#loading = thread;
    try {
      const functions = await thread.loaded;
      const declared = functions.map((loaded) => declaredIn(this.name, loaded));
      for (const one of declared) assertDeclarable(one);
      if (this.#loading === thread) this.#take(thread, declared);
    } catch (error) {
      if (this.#loading !== thread) return;
      this.#loading = null;
      thread.end('it cannot be used');
      this.#options.logger.error({ err: error, file: this.name }, 'a file of functions cannot be loaded');
    }
  }

  #take(thread: FunctionThread, declared: readonly DeclaredFunction[]): void {
    this.#loading = null;
    this.#functions = declared;
    this.#replace(thread);
  }

  /** The file, or what it imports, has changed. */
  reload(): Promise<void> {
    this.#suspects.clear();
    return this.load();
  }

  #start(): FunctionThread {
    return new FunctionThread({ ...this.#options, file: pathToFileURL(this.#options.path).href });
  }

  #replace(thread: FunctionThread): void {
    const old = this.#thread;
    this.#thread = thread;
    if (old !== null) void this.#drain(old);
    thread.onEnd(() => {
      if (this.#thread === thread) void this.#restart(thread.reason ?? '');
    });
    this.#options.ready();
  }

  async #drain(thread: FunctionThread): Promise<void> {
    const step = 50;
    for (let waited = 0; waited < DRAIN_MS && thread.running > 0; waited += step) await this.#options.sleep(step);
    thread.end('its file has changed', true);
  }

  async #restart(reason: string): Promise<void> {
    this.#thread = null;
    if (this.#closed) return;
    const { logger, sleep } = this.#options;
    const delayMs = Math.min(MAX_RESTART_MS, MIN_RESTART_MS * 2 ** this.#failures);
    this.#failures += 1;
    logger.warn({ file: this.name, reason, delayMs }, 'the thread of a file of functions ended; it is started again');
    await sleep(delayMs);
    while (!this.#closed && this.#thread === null) {
      await this.load();
      if (this.#thread === null) await sleep(MAX_RESTART_MS);
    }
  }

  /** Whether this entry can run now. */
  canRun(entry: string): boolean {
    if (this.#thread === null) return false;
    return this.#suspects.size === 0 || (this.#suspects.has(entry) && this.#thread.running === 0);
  }

  /** Only if `canRun`. Resolves when the function is done; rejects with a `RunFailure`. */
  async run({ entry, exportName, event, timeoutMs }: FunctionRun): Promise<void> {
    const thread = this.#thread as FunctionThread;
    try {
      await thread.run(exportName, event, timeoutMs);
      this.#failures = 0;
      this.#suspects.delete(entry);
    } catch (error) {
      if (error instanceof RunFailure && error.inCompany) this.#suspects.add(entry);
      else this.#suspects.delete(entry);
      throw error;
    } finally {
      this.#options.ready();
    }
  }

  /** Ends its thread with whatever runs in it. */
  close(): void {
    this.#closed = true;
    const loading = this.#loading;
    this.#loading = null;
    loading?.end('the server is closing', true);
    this.#thread?.end('the server is closing', true);
  }
}

function declaredIn(file: string, { exportName, trigger, options }: LoadedFunction): DeclaredFunction {
  return { name: `${file}:${exportName}`, file, trigger, options };
}
