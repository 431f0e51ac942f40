import type { Json } from '@backside/tree';
import type { JobContext } from '../handler.js';
import type { FromWorker } from './worker-messages.js';

/** A message that is answered, but for the number of the call. */
export type Question =
  | Omit<Extract<FromWorker, { kind: 'read' }>, 'call'>
  | Omit<Extract<FromWorker, { kind: 'write' }>, 'call'>;

export interface JobCallsOptions {
  readonly job: { readonly id: string; readonly name: string; readonly attempt: number };
  readonly tell: (message: FromWorker) => void;
  readonly ask: (question: Question) => Promise<Json>;
}

/**
 * What one job in a worker process asks of its parent, and the signal that ends it. Messages name no job, so what a job asks for after
 * it has ended, when the next one may be running, is refused here.
 */
export class JobCalls {
  readonly #options: JobCallsOptions;
  readonly #abort = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  #isOver = false;

  constructor(options: JobCallsOptions) {
    this.#options = options;
  }

  abort(reason: Error): void {
    this.#abort.abort(reason);
  }

  /** Resolves once everything that the job asked for is answered; rejects if anything is refused from now on. */
  async rest(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** From now on nothing is sent, and what is refused yet concerns nobody. */
  end(): void {
    this.#isOver = true;
    for (const answer of this.#underWay) answer.catch(() => {});
  }

  get context(): JobContext {
    const { job, tell, ask } = this.#options;
    return {
      ...job,
      signal: this.#abort.signal,
      progress: (value) => {
        if (!this.#isOver) tell({ kind: 'progress', value });
      },
      read: (path) => this.#track(() => ask({ kind: 'read', path })),
      write: (steps) => this.#track(async () => void (await ask({ kind: 'write', steps }))),
    };
  }

  #track<Answer>(asking: () => Promise<Answer>): Promise<Answer> {
    if (this.#isOver) return this.#refused();
    // A refusal that the handler does not look at while it runs stays one that nobody handles, which ends the process.
    const answer: Promise<Answer> = asking().finally(() => this.#underWay.delete(answer));
    this.#underWay.add(answer);
    return answer;
  }

  /** Nobody may be waiting any more, and a rejection that nobody handles would end the process with the job that runs now. */
  #refused(): Promise<never> {
    const refused = Promise.reject(new Error(`the job ${this.#options.job.id} has ended`));
    refused.catch(() => {});
    return refused;
  }
}
