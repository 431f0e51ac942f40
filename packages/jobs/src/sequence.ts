import type { Logger } from '@backside/protocol';
import type { Json } from '@backside/tree';
import { FinalError, type JobContext } from './handler.js';
import { readSequence, SEQUENCE, type Stage } from './named-jobs.js';
import type { RunContext, Runner } from './runner.js';

interface SequenceOptions {
  /** What runs the functions of the lists. */
  readonly runners: readonly Runner[];
  readonly logger: Logger;
}

/**
 * Runs lists of functions: an item begins once the one before it has ended, the names of one item run together. A function that fails is
 * logged and told in the result, and the list goes on, unless it is to end there: then the job has failed for good. All of it is one run of
 * one job, and a run that was lost is begun again from the first item. The writes of each function are counted apart, by its place in the list,
 * so that they do not depend on what becomes of the others.
 */
export function createSequenceRunner({ runners, logger }: SequenceOptions): Runner<RunContext> {
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
  readonly context: RunContext;
  readonly nth: number;
  readonly run: RunOne;
}

function runStage(stage: Stage, { context, nth, run }: StageRun): Promise<Ended[]> {
  context.signal.throwIfAborted();
  return Promise.all(stage.map(({ name, data }, index) => run(context.part(`${nth}-${index}`, name), data)));
}

function told({ result = null, error }: Ended): Json {
  return error === undefined ? result : { error };
}

/** Names hold dots, which keys of the tree may not. */
function encodeName(name: string): string {
  return name.replaceAll('.', ':');
}
