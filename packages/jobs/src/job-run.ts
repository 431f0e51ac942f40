import type { Database } from '@backside/api';
import { ADMIN, BacksideError, type Logger } from '@backside/protocol';
import { type Json, nodeToJson, type Path, parsePath } from '@backside/tree';
import type { JobContext, JobStep } from './handler.js';
import type { JobNodes, ShownRun } from './job-nodes.js';
import { PartWrites } from './part-writes.js';
import type { NewJob } from './queue.js';
import type { RunContext } from './runner.js';

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
export class JobRun implements RunContext {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly #options: JobRunOptions;
  readonly #ended = new AbortController();
  /** Of the run itself. */
  readonly #writes: PartWrites;
  /** Of each part that was begun, the run itself included. */
  readonly #allWrites: PartWrites[] = [];
  #progress: { readonly value: Json } | null = null;
  #showing: Promise<void> | null = null;

  constructor(options: JobRunOptions) {
    this.#options = options;
    this.id = options.job.id;
    this.name = options.job.name;
    this.attempt = options.attempt;
    this.#writes = this.#writesOf(null);
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
    return this.#writes.write(steps);
  }

  part(place: string, name: string): JobContext {
    const writes = this.#writesOf(place);
    return {
      id: `${this.id}-${place}`,
      name,
      attempt: this.attempt,
      signal: this.signal,
      progress: (value) => this.progress(value),
      read: (path) => this.read(path),
      write: (steps) => writes.write(steps),
    };
  }

  /** Resolves once what is under way is stored: nothing of this run is written afterwards. */
  async settle(): Promise<void> {
    await this.#showing;
    await Promise.all(this.#allWrites.map((writes) => writes.settle()));
  }

  #writesOf(part: string | null): PartWrites {
    const writes = new PartWrites(async (nth, steps) => {
      this.signal.throwIfAborted();
      const parsed = steps.map((step) => ({ ...step, path: pathOf(step.path) }));
      await this.#options.nodes.write(this.#options.shown, { part, nth }, parsed);
    });
    this.#allWrites.push(writes);
    return writes;
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
