import type { Database } from '@backside/api';
import { ADMIN, BacksideError, type Logger } from '@backside/protocol';
import { type Json, nodeToJson, type Path, parsePath } from '@backside/tree';
import type { JobContext, JobStep } from './handler.js';
import type { JobNodes, ShownRun } from './job-nodes.js';
import type { NewJob } from './queue.js';

/** Why a run was ended before its handler had. */
export type Ending = 'cancelled' | 'lost' | 'late' | 'draining';

/** Thrown into a run that is ended. */
export class RunEnded extends Error {
  readonly ending: Ending;

  constructor(ending: Ending, message: string) {
    super(message);
    this.name = 'RunEnded';
    this.ending = ending;
  }
}

export interface JobRunOptions {
  readonly job: NewJob;
  readonly attempt: number;
  readonly shown: ShownRun;
  readonly nodes: JobNodes;
  readonly database: Database;
  readonly logger: Logger;
}

/** One run of a job as its handler sees it: what it reads, shows and writes, and the signal that ends it. */
export class JobRun implements JobContext {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly #options: JobRunOptions;
  readonly #ended = new AbortController();
  /** Writes are made one after another, in the order in which the handler asked for them. */
  #lastWrite: Promise<void> = Promise.resolve();
  #writes = 0;
  #progress: { readonly value: Json } | null = null;
  #showing: Promise<void> | null = null;

  constructor(options: JobRunOptions) {
    this.#options = options;
    this.id = options.job.id;
    this.name = options.job.name;
    this.attempt = options.attempt;
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Ends the run; only the first reason counts. */
  end(ending: Ending, message: string): void {
    this.#ended.abort(new RunEnded(ending, message));
  }

  progress(value: Json): void {
    this.#progress = { value };
    this.#showing ??= this.#showProgress().finally(() => {
      this.#showing = null;
    });
  }

  async read(path: string | Path): Promise<Json> {
    return nodeToJson(this.#options.database.read(ADMIN, pathOf(path)).node, 'val');
  }

  write(steps: readonly JobStep[]): Promise<void> {
    this.#writes += 1;
    const nth = this.#writes;
    const made = this.#lastWrite.then(() => {
      this.signal.throwIfAborted();
      const parsed = steps.map((step) => ({ ...step, path: pathOf(step.path) }));
      return this.#options.nodes.write(this.#options.shown, nth, parsed);
    });
    // One that fails is the handler's to deal with; the next one fails as well, since writes are counted.
    this.#lastWrite = made;
    made.catch(() => {});
    return made;
  }

  /** Resolves once what is under way is stored: nothing of this run is written afterwards. */
  async settle(): Promise<void> {
    await this.#showing;
    await this.#lastWrite.catch(() => {});
  }

  /** Shows the latest progress until there is none that is later. */
  async #showProgress(): Promise<void> {
    const { nodes, shown, logger } = this.#options;
    while (this.#progress !== null) {
      const { value } = this.#progress;
      this.#progress = null;
      try {
        await nodes.progress(shown, value);
      } catch (error) {
        logger.warn({ err: error, job: this.id }, 'the progress of a job could not be shown');
      }
    }
  }
}

function pathOf(path: string | Path): Path {
  try {
    return typeof path === 'string' ? parsePath(path) : path;
  } catch (error) {
    throw new BacksideError('invalid-path', undefined, { cause: error });
  }
}
