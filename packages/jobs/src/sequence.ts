import type { Logger } from '@backside/protocol';
import type { Json } from '@backside/tree';
import { FinalError, type JobContext } from './handler.js';
import { readSequence, SEQUENCE, type Stage } from './named-jobs.js';
import type { Runner } from './runner.js';

interface SequenceOptions {
  /** What runs the functions of the lists. */
  readonly runners: readonly Runner[];
  readonly logger: Logger;
}

/**
 * Runs lists of functions: an item begins once the one before it has ended, the names of one item run together. A function that fails is
 * logged and told in the result, and the list goes on, unless it is to end there: then the job has failed for good. All of it is one run of
 * one job: what is written stays in the order of the list also where functions run together, and a run that was lost is begun again
 * from the first item.
 */
export function createSequenceRunner({ runners, logger }: SequenceOptions): Runner {
  const run: RunOne = async (context, data) => {
    try {
      const runner = runners.find((candidate) => candidate.has(context.name));
      if (runner === undefined) throw new Error(`no handler is named ${context.name}`);
      return { result: await runner.run(data, context) };
    } catch (error) {
      context.signal.throwIfAborted();
      logger.warn({ err: error, job: context.id, name: context.name }, 'a function of a list of jobs failed');
      return { error: error instanceof Error ? error.message : String(error) };
    }
  };
  return {
    has: (name) => name === SEQUENCE,
    run: async (data, context) => {
      const { stages, stopsAtError } = readSequence(data);
      const results: Json[] = [];
      for (const [nth, stage] of stages.entries()) {
        const ended = await runStage(stage, { context, nth, run });
        const failed = ended.find(({ error }) => error !== undefined);
        if (stopsAtError && failed !== undefined) throw new FinalError(failed.error);
        results.push(Object.fromEntries(stage.map(({ name }, at) => [encodeName(name), told(ended[at]!)])));
      }
      return results;
    },
    close: async () => {},
  };
}

/** What came of a function: one of both. */
interface Ended {
  readonly result?: Json;
  readonly error?: string;
}

/** Rejects only if the run as a whole is over. */
type RunOne = (context: JobContext, data: Json) => Promise<Ended>;

interface StageRun {
  readonly context: JobContext;
  readonly nth: number;
  readonly run: RunOne;
}

function runStage(stage: Stage, { context, nth, run }: StageRun): Promise<Ended[]> {
  context.signal.throwIfAborted();
  const begun: Promise<Ended>[] = [];
  for (const [index, { name, data }] of stage.entries()) {
    const before = [...begun];
    begun.push(run(contextOf(context, { id: `${context.id}-${nth}-${index}`, name, before }), data));
  }
  return Promise.all(begun);
}

function told({ result = null, error }: Ended): Json {
  return error === undefined ? result : { error };
}

/** Names hold dots, which keys of the tree may not. */
function encodeName(name: string): string {
  return name.replaceAll('.', ':');
}

/** The part of one function: its writes wait for those of the functions named before it, so that their order is always the same. */
function contextOf(
  context: JobContext,
  { id, name, before }: { readonly id: string; readonly name: string; readonly before: readonly Promise<Ended>[] },
): JobContext {
  return {
    id,
    name,
    attempt: context.attempt,
    signal: context.signal,
    progress: (value) => context.progress(value),
    read: (path) => context.read(path),
    write: async (steps) => {
      await Promise.allSettled(before);
      await context.write(steps);
    },
  };
}
