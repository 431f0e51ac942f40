import type { Json } from '@backside/tree';
import type { Handler, JobContext } from './handler.js';

/** The run of a whole job, which can be split into parts. */
export interface RunContext extends JobContext {
  /**
   * The context of a function that is a part of the run: with a name and an id of its own, and its own writes, which are counted apart from
   * those of all other parts and fail apart from them. Its place is a key, and has to be the same each time the job is run.
   */
  part(place: string, name: string): JobContext;
}

/** Something that runs handlers, and what it needs to know of a run for that. */
export interface Runner<Context extends JobContext = JobContext> {
  /** Whether it has a handler of that name. May change while it runs. */
  has(name: string): boolean;
  /**
   * Runs the handler that the context names. Rejects with what it threw, or soon after `context.signal` has aborted with its reason;
   * whether the handler stands still then is up to the runner.
   */
  run(data: Json, context: Context): Promise<Json>;
  close(): Promise<void>;
}

/** Runs handlers in this process. One that does not heed the signal goes on, unheard. */
export function createLocalRunner(handlers: ReadonlyMap<string, Handler>): Runner {
  return {
    has: (name) => handlers.has(name),
    run: (data, context) =>
      new Promise<Json>((resolve, reject) => {
        const handler = handlers.get(context.name);
        if (handler === undefined) throw new Error(`no handler is named ${context.name}`);
        const { signal } = context;
        const aborted = (): void => reject(signal.reason);
        signal.addEventListener('abort', aborted, { once: true });
        Promise.resolve(handler(data, context))
          .then((result) => resolve(result ?? null), reject)
          .finally(() => signal.removeEventListener('abort', aborted));
      }),
    close: async () => {},
  };
}
