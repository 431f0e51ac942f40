import { BacksideError } from '@backside/protocol';
import type { Json } from '@backside/tree';
import type { JobRequest } from './jobs.js';

/** The job that is a list of others; no module can have this name. */
export const SEQUENCE = '.sequence';

/** As the tree can hold them in the result of the list. */
const NAME = /^[A-Za-z0-9_.-]{1,128}$/;
const MAX_FUNCTIONS = 100;
/** Functions of one item of a list: each may need a process of its own. */
const MAX_TOGETHER = 10;

interface NamedJobsOptions {
  /** Whether a list ends with the first function that fails. Default false: the rest goes on. */
  readonly stopsAtError?: boolean;
}

/** Functions that run at the same time, in the order in which they were named. */
export type Stage = readonly { readonly name: string; readonly data: Json }[];

/**
 * The jobs that a `job` of crontabs and of the legacy interface stands for: one for `"module.function"`, one for each name of
 * `{"module.function": data, …}`, and a single one for a list of these, whose items run one after the other. Throws `invalid-data`.
 */
export function namedJobs(
  job: Json,
  { stopsAtError = false }: NamedJobsOptions = {},
): Required<Pick<JobRequest, 'name' | 'data'>>[] {
  if (!Array.isArray(job)) return stageOf(job).map(({ name, data }) => ({ name, data }));
  const data = { items: job, stopsAtError };
  readSequence(data);
  return [{ name: SEQUENCE, data }];
}

interface Sequence extends Required<NamedJobsOptions> {
  readonly stages: readonly Stage[];
}

/** The list that the data of a job holds. Throws `invalid-data` for what is none, or has too many functions in all or in one item. */
export function readSequence(data: Json): Sequence {
  if (typeof data !== 'object' || data === null || Array.isArray(data) || !Array.isArray(data.items)) throw wrong();
  const stages = data.items.map(stageOf);
  if (!stages.flat().every(({ name }) => NAME.test(name))) throw wrong();
  if (stages.flat().length > MAX_FUNCTIONS) throw tooMany('a list of jobs', MAX_FUNCTIONS);
  if (stages.some((stage) => stage.length > MAX_TOGETHER)) throw tooMany('one item of a list of jobs', MAX_TOGETHER);
  return { stages, stopsAtError: data.stopsAtError === true };
}

function stageOf(item: Json): Stage {
  if (typeof item === 'string') return [{ name: item, data: null }];
  if (typeof item !== 'object' || item === null || Array.isArray(item)) throw wrong();
  return Object.entries(item).map(([name, data]) => ({ name, data }));
}

function tooMany(what: string, most: number): BacksideError {
  return new BacksideError('invalid-data', `${what} names at most ${most} functions`);
}

function wrong(): BacksideError {
  return new BacksideError('invalid-data', '"job" is a name, an object of names with data, or a list of these');
}
