import type { Database } from '@backside/api';
import type { JobRequest, JobState, Jobs } from '@backside/jobs';
import { BacksideError } from '@backside/protocol';
import { bearerOrQueryToken } from '../bearer.js';
import { type Call, type Endpoint, fieldsOf, pathPart, queryValue } from '../endpoint.js';
import { anything, count, oneOf, optional, record, text } from '../fields.js';
import type { Reply } from '../reply.js';
import { limitOf } from './list-limit.js';

/** Finds the jobs of a database; null where there are none. */
export type FindJobs = (database: Database) => Jobs | null;

/** Bytes of a request: the data of a job and what is said about it. */
const MAX_REQUEST_BYTES = 4_100_000;
const LIMIT = { usual: 100, most: 1_000 };
const STATES = ['waiting', 'running', 'done', 'dead', 'cancelled'] as const;

const PAGE = { limit: `at most so many, up to ${LIMIT.most}` };
const FILTERS = { ...PAGE, queue: 'of this queue', state: STATES.join(', ') };

const REQUEST = {
  name: text(128),
  data: optional(anything()),
  id: optional(text(128)),
  queue: optional(text(128)),
  delayMs: optional(count()),
  startAt: optional(count()),
  uniqueKey: optional(text(1_024)),
  tag: optional(text(128)),
  attempts: optional(count(1)),
  backoff: optional(record()),
  maxRunMs: optional(count(1)),
};

/** Jobs and their queues, for admins. */
export function jobsEndpoints(findJobs: FindJobs): readonly Endpoint[] {
  const forAdmins = { access: 'admin', token: bearerOrQueryToken } as const;
  const jobs = (summary: string, serve: (call: Call, jobs: Jobs) => Promise<Reply>) => ({
    ...forAdmins,
    summary,
    serve: (call: Call) => serve(call, found(findJobs(call.database))),
  });
  const dead = '/.jobs/queues/:queue/dead';
  return [
    { method: 'post', path: '/.jobs', maxBytes: MAX_REQUEST_BYTES, body: REQUEST, ...jobs('Submit a job', submit) },
    { method: 'get', path: '/.jobs', query: FILTERS, ...jobs('List jobs, newest first', list) },
    { method: 'get', path: '/.jobs/queues/:queue', ...jobs('Count the jobs of a queue by their state', countJobs) },
    { method: 'get', path: dead, query: PAGE, ...jobs('List the jobs of a queue that failed for good', listDead) },
    { method: 'post', path: `${dead}/:id/retry`, ...jobs('Have a job that failed for good tried again', retryDead) },
    { method: 'delete', path: `${dead}/:id`, ...jobs('Forget a job that failed for good', dropDead) },
    { method: 'get', path: '/.jobs/:id', ...jobs('What became of a job', show) },
    { method: 'delete', path: '/.jobs/:id', ...jobs('Cancel a job', cancel) },
  ];
}

function found(jobs: Jobs | null): Jobs {
  if (jobs === null) throw new BacksideError('not-found', 'this server has no jobs');
  return jobs;
}

async function submit(call: Call, jobs: Jobs): Promise<Reply> {
  const { backoff, ...fields } = fieldsOf(call, REQUEST);
  const pauses = backoff === undefined ? undefined : backoffOf(backoff);
  const submission = await jobs.submit({ ...fields, ...(pauses !== undefined && { backoff: pauses }) });
  return { status: submission.duplicate ? 200 : 201, json: submission };
}

/** Throws `invalid-data` for members that it does not know; the values are checked where they are used. */
function backoffOf(fields: Readonly<Record<string, unknown>>): NonNullable<JobRequest['backoff']> {
  const known = ['kind', 'delayMs', 'maxDelayMs', 'jitter'];
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new BacksideError('invalid-data', `"backoff" has ${known.join(', ')} only`);
  return fields;
}

async function list(call: Call, jobs: Jobs): Promise<Reply> {
  const [state, queue] = [queryValue(call, 'state'), queryValue(call, 'queue')];
  const filter = {
    limit: limitOf(call, LIMIT),
    ...(queue !== undefined && { queue }),
    ...(state !== undefined && { state: stateOf(state) }),
  };
  return { json: { jobs: await jobs.list(filter) } };
}

async function show(call: Call, jobs: Jobs): Promise<Reply> {
  const status = await jobs.status(pathPart(call, 'id'));
  if (status === null) throw noSuchJob();
  return { json: status };
}

async function cancel(call: Call, jobs: Jobs): Promise<Reply> {
  const id = pathPart(call, 'id');
  if (await jobs.cancel(id)) return {};
  if ((await jobs.status(id)) === null) throw noSuchJob();
  throw new BacksideError('precondition-failed', 'the job has ended');
}

async function countJobs(call: Call, jobs: Jobs): Promise<Reply> {
  return { json: await jobs.counts(queueOf(call)) };
}

async function listDead(call: Call, jobs: Jobs): Promise<Reply> {
  return { json: { dead: await jobs.dead(queueOf(call), limitOf(call, LIMIT)) } };
}

async function retryDead(call: Call, jobs: Jobs): Promise<Reply> {
  if (!(await jobs.retryDead(queueOf(call), pathPart(call, 'id')))) throw noSuchJob();
  return {};
}

async function dropDead(call: Call, jobs: Jobs): Promise<Reply> {
  if (!(await jobs.dropDead(queueOf(call), pathPart(call, 'id')))) throw noSuchJob();
  return {};
}

function queueOf(call: Call): string {
  const queue = pathPart(call, 'queue');
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(queue)) throw new BacksideError('not-found', 'there is no such queue');
  return queue;
}

function stateOf(state: string): JobState {
  return oneOf(...STATES).parse(state, 'state');
}

function noSuchJob(): BacksideError {
  return new BacksideError('not-found', 'there is no such job');
}
