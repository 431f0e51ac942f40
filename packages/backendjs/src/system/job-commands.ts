import { type JobStatus, type Jobs, namedJobs } from '@backside/jobs';
import type { Json } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import type { LegacyCall } from '../endpoint.js';
import { LegacyError, required } from '../http/legacy-error.js';

const JOB_NAME = /^[a-z0-9_]+\.[a-z0-9_]+$/i;

/**
 * `job`: `module.method`, or an object of such names with the data for each, which are submitted all; or a list of these, which is one job
 * that runs one after the other, with `noerrors` up to the first that fails. Answers the ids. `tag`, or the one in its data, is by what
 * some jobs of a name can be cancelled.
 */
export async function submitJob({ jobs }: BackendjsContext, { params }: LegacyCall): Promise<Json> {
  const open = jobsOf(jobs);
  const submitted: string[] = [];
  const startAt = params.number('startTime');
  const key = params.text('uniqueKey');
  const maxRunMs = 1_000 * params.number('maxRuntime');
  for (const { name, data } of readJobs(params.get('job'), params.bool('noerrors'))) {
    const { id } = await open.submit({
      name,
      data,
      delayMs: params.number('delay'),
      ...(params.has('queueName') && { queue: params.text('queueName') }),
      ...(startAt > 0 && { startAt }),
      ...(key !== '' && { uniqueKey: key }),
      ...tagOf(params.text('tag'), data),
      ...(maxRunMs > 0 && { maxRunMs }),
    });
    submitted.push(id);
  }
  return { ids: submitted };
}

/** The tag of a job; where none is given it is the one that its handler finds in its data. */
function tagOf(given: string, data: Json): { readonly tag?: string } {
  const own = typeof data === 'object' && data !== null && !Array.isArray(data) ? data.tag : undefined;
  const tag = given === '' && typeof own === 'string' ? own : given;
  return tag === '' ? {} : { tag };
}

/** `id`: that job. `name`: all of that name that wait or run, or those of them with the `tag`. */
export async function cancelJob({ jobs }: BackendjsContext, { params }: LegacyCall): Promise<Json> {
  const open = jobsOf(jobs);
  const [id, name] = [params.text('id'), params.text('name')];
  if (id === '' && name === '') throw required('id');
  const ids = id === '' ? await idsOf(open, name, params.text('tag')) : [id];
  const cancelled = await Promise.all(ids.map((each) => open.cancel(each)));
  return { count: cancelled.filter((done) => done).length };
}

async function idsOf(jobs: Jobs, name: string, tag: string): Promise<string[]> {
  const states = ['waiting', 'running'] as const;
  const lists = await Promise.all(states.map((state) => jobs.list({ state, limit: 1_000 })));
  const isMeant = (job: JobStatus): boolean => job.name === name && (tag === '' || job.tag === tag);
  return lists.flat().flatMap((job) => (isMeant(job) ? [job.id] : []));
}

function readJobs(job: Json | undefined, stopsAtError: boolean): ReturnType<typeof namedJobs> {
  if (job === undefined || job === null || job === '') throw required('job');
  try {
    const given = typeof job === 'string' && /^[{[]/.test(job) ? (JSON.parse(job) as Json) : job;
    if (namesIn(given).every((name) => JOB_NAME.test(name))) return namedJobs(given, { stopsAtError });
  } catch {
    throw invalidJob(); // What is wrong with it clients need not be told in more words.
  }
  throw invalidJob();
}

/** All that are named anywhere in it. */
function namesIn(job: Json): string[] {
  if (Array.isArray(job)) return job.flatMap(namesIn);
  return typeof job === 'object' && job !== null ? Object.keys(job) : [String(job)];
}

function invalidJob(): LegacyError {
  return new LegacyError(400, 'Invalid job', 'InvalidJob');
}

function jobsOf(jobs: Jobs | null): Jobs {
  if (jobs === null) throw new LegacyError(503, 'This server has no jobs');
  return jobs;
}
