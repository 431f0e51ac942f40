import { BacksideError } from '@backside/protocol';
import { DEFAULT_BACKOFF } from './backoff.js';
import type { JobRequest, JobsOptions } from './jobs.js';
import type { Backoff, NewJob } from './queue.js';

const WORD = /^[A-Za-z0-9_-]{1,128}$/;
const NAME = /^[A-Za-z0-9_.-]{1,128}$/;
const MAX_DATA_CHARACTERS = 1_000_000;
const MAX_TAG = 128;
/** Node's timers take no more milliseconds. */
const MAX_RUN_MS = 2 ** 31 - 1;
const DEFAULT_ATTEMPTS = 5;
const DEFAULT_MAX_RUN_MS = 900_000;

export const DEFAULT_QUEUE = 'default';

type Defaults = Pick<JobsOptions, 'attempts' | 'backoff' | 'maxRunMs' | 'now'>;

/** The job that a request asks for. Throws `invalid-data`, saying what is wrong. */
export function parseRequest(request: JobRequest, defaults: Defaults, nextId: () => string): NewJob {
  const { id = nextId(), queue = DEFAULT_QUEUE, name, data = null, uniqueKey = null } = request;
  check(NAME.test(name), '"name" has 1 to 128 letters, digits, dots, dashes and underscores');
  check(WORD.test(id), '"id" has 1 to 128 letters, digits, dashes and underscores');
  check(WORD.test(queue), '"queue" has 1 to 128 letters, digits, dashes and underscores');
  check(uniqueKey === null || (uniqueKey !== '' && uniqueKey.length <= 1_024), '"uniqueKey" has 1 to 1,024 characters');
  check(
    JSON.stringify(data).length <= MAX_DATA_CHARACTERS,
    `"data" has at most ${MAX_DATA_CHARACTERS} characters of JSON`,
  );
  return {
    id,
    queue,
    name,
    data,
    uniqueKey,
    startAt: startOf(request, defaults.now),
    options: optionsOf(request, defaults),
  };
}

function startOf({ startAt, delayMs }: JobRequest, now: () => number): number | null {
  check(startAt === undefined || isAmount(startAt), '"startAt" is a time in milliseconds');
  check(delayMs === undefined || isAmount(delayMs), '"delayMs" is a number of milliseconds from 0');
  if (startAt !== undefined) return startAt;
  return delayMs === undefined || delayMs === 0 ? null : now() + delayMs;
}

function optionsOf(request: JobRequest, defaults: Defaults): NewJob['options'] {
  const attempts = request.attempts ?? defaults.attempts ?? DEFAULT_ATTEMPTS;
  const maxRunMs = request.maxRunMs ?? defaults.maxRunMs ?? DEFAULT_MAX_RUN_MS;
  const backoff: Backoff = { ...DEFAULT_BACKOFF, ...defaults.backoff, ...request.backoff };
  check(Number.isSafeInteger(attempts) && attempts >= 1, '"attempts" is a whole number from 1');
  check(isAmount(maxRunMs) && maxRunMs >= 1 && maxRunMs <= MAX_RUN_MS, `"maxRunMs" is from 1 to ${MAX_RUN_MS}`);
  check(backoff.kind === 'fixed' || backoff.kind === 'exponential', 'the kind of backoff is "fixed" or "exponential"');
  check(isAmount(backoff.delayMs) && isAmount(backoff.maxDelayMs), 'the pauses of backoff are milliseconds from 0');
  check(backoff.jitter >= 0 && backoff.jitter <= 1, 'the jitter of backoff is from 0 to 1');
  const { tag } = request;
  check(tag === undefined || (tag !== '' && tag.length <= MAX_TAG), `"tag" has 1 to ${MAX_TAG} characters`);
  return { attempts, maxRunMs, backoff, ...(tag !== undefined && { tag }) };
}

function isAmount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

function check(holds: boolean, expected: string): asserts holds {
  if (!holds) throw new BacksideError('invalid-data', expected);
}
