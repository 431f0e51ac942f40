import type { Jobs } from '@backside/jobs';
import type { Json } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import type { LegacyCall } from '../endpoint.js';
import { LegacyError, required } from '../http/legacy-error.js';

const JOB_NAME = /^[a-z0-9_]+\.[a-z0-9_]+$/i;

/** `job`: `module.method`, or an object of such names with the data for each; all are submitted. Answers their ids. */
export async function submitJob({ jobs }: BackendjsContext, { params }: LegacyCall): Promise<Json> {
  const open = jobsOf(jobs);
  const submitted: string[] = [];
  const startAt = params.number('startTime');
  const key = params.text('uniqueKey');
  for (const { name, data } of namedJobs(params.get('job'))) {
    const { id } = await open.submit({
      name,
      data,
      delayMs: params.number('delay'),
      ...(params.has('queueName') && { queue: params.text('queueName') }),
      ...(startAt > 0 && { startAt }),
      ...(key !== '' && { uniqueKey: key }),
    });
    submitted.push(id);
  }
  return { ids: submitted };
}

/** `id`: that job. `name`: all of that name that wait or run. */
export async function cancelJob({ jobs }: BackendjsContext, { params }: LegacyCall): Promise<Json> {
  const open = jobsOf(jobs);
  const [id, name] = [params.text('id'), params.text('name')];
  if (id === '' && name === '') throw required('id');
  const ids = id === '' ? await idsOf(open, name) : [id];
  const cancelled = await Promise.all(ids.map((each) => open.cancel(each)));
  return { count: cancelled.filter((done) => done).length };
}

async function idsOf(jobs: Jobs, name: string): Promise<string[]> {
  const states = ['waiting', 'running'] as const;
  const lists = await Promise.all(states.map((state) => jobs.list({ state, limit: 1_000 })));
  return lists.flat().flatMap((job) => (job.name === name ? [job.id] : []));
}

function namedJobs(job: Json | undefined): { readonly name: string; readonly data: Json }[] {
  if (job === undefined || job === null || job === '') throw required('job');
  const given = typeof job === 'string' && job.startsWith('{') ? parse(job) : job;
  const named = typeof given === 'object' && given !== null ? Object.entries(given) : [[String(given), null] as const];
  return named.map(([name, data]) => {
    if (!JOB_NAME.test(name)) throw new LegacyError(400, 'Invalid job', 'InvalidJob');
    return { name, data };
  });
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new LegacyError(400, 'Invalid job', 'InvalidJob');
  }
}

function jobsOf(jobs: Jobs | null): Jobs {
  if (jobs === null) throw new LegacyError(503, 'This server has no jobs');
  return jobs;
}
