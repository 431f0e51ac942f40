import { ADMIN, BacksideError } from '@backside/protocol';
import { parsePath } from '@backside/tree';
import { expect, test, vi } from 'vitest';
import { FinalError, type Handler, type JobContext } from './handler.js';
import type { JobState, Jobs } from './jobs.js';
import { openMemoryDatabase, startJobs } from './testing/jobs-fixture.js';

const SOON = { timeout: 10_000, interval: 10 };

function handlers(all: Readonly<Record<string, Handler>>): ReadonlyMap<string, Handler> {
  return new Map(Object.entries(all));
}

async function ends(jobs: Jobs, id: string, state: JobState): Promise<void> {
  await vi.waitFor(async () => expect((await jobs.status(id))?.state).toBe(state), SOON);
}

test('a job runs, and its node shows its state, progress and result', async () => {
  let seen: unknown;
  const { jobs, at } = await startJobs({
    handlers: handlers({
      sum: (data, context) => {
        seen = data;
        context.progress({ half: true });
        return { total: 3 };
      },
    }),
  });
  const { id, duplicate } = await jobs.submit({ name: 'sum', data: { numbers: [1, 2], none: null } });
  expect(duplicate).toBe(false);
  await ends(jobs, id, 'done');
  expect(seen).toEqual({ numbers: [1, 2], none: null });
  expect(at(`/jobs/${id}`)).toMatchObject({
    name: 'sum',
    queue: 'default',
    state: 'done',
    attempt: 1,
    progress: { half: true },
    result: { total: 3 },
  });
  expect(await jobs.status(id)).toMatchObject({ state: 'done', error: null, result: { total: 3 } });
});

test('whoever may read the node hears of everything that happens to the job', async () => {
  const { jobs, database } = await startJobs({
    handlers: handlers({ quick: async () => 'fine' }),
  });
  const states: unknown[] = [];
  database.listen(ADMIN, {
    path: parsePath('/jobs/mine/state'),
    encoder: { format: 'val', encode: (event) => JSON.parse(new TextDecoder().decode(event.body('val'))) as unknown },
    listener: { event: (state) => states.push(state), cancelled: () => {} },
  });
  await jobs.submit({ name: 'quick', id: 'mine' });
  await vi.waitFor(() => expect(states.at(-1)).toBe('done'), SOON);
  expect(states).toContain('running');
});

test('a job that fails is tried again until it succeeds, or its attempts are used up', async () => {
  const { jobs } = await startJobs({
    handlers: handlers({
      third: (_data, { attempt }) => {
        if (attempt < 3) throw new Error(`attempt ${attempt} failed`);
        return null;
      },
      never: () => Promise.reject(new Error('it never works')),
      hopeless: () => {
        throw new FinalError('it never will');
      },
    }),
  });
  const third = await jobs.submit({ name: 'third' });
  const never = await jobs.submit({ name: 'never', attempts: 2 });
  const hopeless = await jobs.submit({ name: 'hopeless' });
  const unknown = await jobs.submit({ name: 'no.such' });
  await ends(jobs, third.id, 'done');
  expect(await jobs.status(third.id)).toMatchObject({ attempt: 3, error: 'attempt 2 failed' });
  await ends(jobs, never.id, 'dead');
  expect(await jobs.status(never.id)).toMatchObject({ attempt: 2, error: 'it never works' });
  await ends(jobs, hopeless.id, 'dead');
  expect((await jobs.status(hopeless.id))?.attempt).toBe(1);
  await ends(jobs, unknown.id, 'dead');
  const dead = await jobs.dead('default', 10);
  expect(new Set(dead.map(({ job }) => job.id))).toEqual(new Set([never.id, hopeless.id, unknown.id]));
});

test('a dead job can be run again, or dropped with its node', async () => {
  let works = false;
  const { jobs } = await startJobs({
    handlers: handlers({
      moody: () => {
        if (!works) throw new FinalError('not in the mood');
        return 'ok';
      },
    }),
  });
  const [first, second] = [await jobs.submit({ name: 'moody' }), await jobs.submit({ name: 'moody' })];
  await ends(jobs, first.id, 'dead');
  await ends(jobs, second.id, 'dead');
  works = true;
  await vi.waitFor(async () => expect(await jobs.retryDead('default', first.id)).toBe(true), SOON);
  await ends(jobs, first.id, 'done');
  await vi.waitFor(async () => expect(await jobs.dropDead('default', second.id)).toBe(true), SOON);
  expect(await jobs.status(second.id)).toBeNull();
  expect(await jobs.dead('default', 10)).toEqual([]);
});

test('the writes of a job are made once each, however often it is run', async () => {
  const { jobs, at } = await startJobs({
    handlers: handlers({
      pay: async (_data, context) => {
        const add = { '.sv': { increment: 1 } };
        await context.write([{ method: 'set', path: '/paid', value: add }]);
        if (context.attempt === 1) throw new Error('crashed after the first');
        await context.write([{ method: 'set', path: '/sent', value: add }]);
        if (context.attempt === 2) throw new Error('crashed after the second');
        return (await context.read('/paid')) as number;
      },
    }),
  });
  const { id } = await jobs.submit({ name: 'pay' });
  await ends(jobs, id, 'done');
  expect(await jobs.status(id)).toMatchObject({ attempt: 3, result: 1 });
  expect([at('/paid'), at('/sent')]).toEqual([1, 1]);
});

test('writes that are asked for at the same time are made in that order', async () => {
  const { jobs, at } = await startJobs({
    handlers: handlers({
      many: async (_data, context) => {
        const push = (value: number) => context.write([{ method: 'push', path: '/list', value }]);
        await Promise.all([push(1), push(2), push(3)]);
      },
    }),
  });
  const { id } = await jobs.submit({ name: 'many' });
  await ends(jobs, id, 'done');
  expect(Object.values(at('/list') as object)).toEqual([1, 2, 3]);
});

test('a run that was overtaken writes nothing more', async () => {
  let stale: JobContext | null = null;
  const { jobs, at, database } = await startJobs({
    handlers: handlers({
      held: async (_data, context) => {
        stale ??= context;
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
      },
    }),
  });
  const { id } = await jobs.submit({ name: 'held' });
  await ends(jobs, id, 'running');
  await database.write({
    principal: ADMIN,
    steps: [{ method: 'set', path: ['jobs', id, 'run'], value: 'another run' }],
  });
  const write = stale!.write([{ method: 'set', path: '/late', value: true }]);
  await expect(write).rejects.toMatchObject({ code: 'unavailable' });
  expect(at('/late')).toBeNull();
});

test('a job that waits is cancelled at once; one that runs is told', async () => {
  let told: unknown = null;
  const { jobs, queue } = await startJobs({
    handlers: handlers({
      long: async (_data, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        told = signal.reason;
      },
    }),
  });
  const waiting = await jobs.submit({ name: 'long', delayMs: 60_000 });
  expect(await jobs.cancel(waiting.id)).toBe(true);
  expect((await jobs.status(waiting.id))?.state).toBe('cancelled');
  expect(await jobs.submit({ name: 'long', id: waiting.id })).toEqual({ id: waiting.id, duplicate: true });
  expect(await queue.counts('default')).toEqual({ waiting: 0, running: 0, dead: 0 });
  const running = await jobs.submit({ name: 'long' });
  await ends(jobs, running.id, 'running');
  expect(await jobs.cancel(running.id)).toBe(true);
  await vi.waitFor(() => expect(String(told)).toContain('cancelled'), SOON);
  await vi.waitFor(async () => expect((await queue.counts('default')).running).toBe(0), SOON);
  expect((await jobs.status(running.id))?.state).toBe('cancelled');
  expect(await jobs.cancel(running.id)).toBe(false);
  expect(await jobs.cancel('unheard-of')).toBe(false);
});

test('a run that takes too long is ended, and counts as a failed attempt', async () => {
  const { jobs } = await startJobs({ handlers: handlers({ slow: () => new Promise(() => {}) }) });
  const { id } = await jobs.submit({ name: 'slow', maxRunMs: 50, attempts: 2 });
  await ends(jobs, id, 'dead');
  expect(await jobs.status(id)).toMatchObject({ attempt: 2, error: 'ran for longer than 50 ms' });
});

test('a result that no tree can hold is said to be that, and the job is not run again', async () => {
  const { jobs } = await startJobs({ handlers: handlers({ odd: () => ({ 'a.b': 1 }) }) });
  const { id } = await jobs.submit({ name: 'odd' });
  await ends(jobs, id, 'dead');
  const { error, attempt } = (await jobs.status(id))!;
  expect(error).toContain('its result cannot be stored');
  expect(attempt).toBe(1);
});

test('draining gives back what does not end in time, and another node runs it', async () => {
  const database = await openMemoryDatabase();
  let finish = false;
  const work: Handler = async (_data, { signal }) => {
    while (!finish && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 10));
    return 'done by somebody';
  };
  const first = await startJobs({ database, handlers: handlers({ work }) });
  const { id } = await first.jobs.submit({ name: 'work' });
  await ends(first.jobs, id, 'running');
  await first.jobs.drain(100);
  expect((await first.jobs.status(id))?.state).toBe('waiting');
  finish = true;
  const second = await startJobs({ database, tree: first.tree, handlers: handlers({ work }) });
  await ends(second.jobs, id, 'done');
  expect(await second.jobs.status(id)).toMatchObject({ attempt: 1, result: 'done by somebody' });
});

test('jobs are listed, the newest first, by state and queue', async () => {
  const { jobs } = await startJobs({ handlers: handlers({ ok: () => null }) });
  const ids: string[] = [];
  for (let count = 0; count < 3; count += 1) ids.push((await jobs.submit({ name: 'ok' })).id);
  const later = await jobs.submit({ name: 'ok', delayMs: 60_000 });
  const elsewhere = await jobs.submit({ name: 'ok', queue: 'nobody-runs-this' });
  for (const id of ids) await ends(jobs, id, 'done');
  const idsOf = async (filter: Parameters<Jobs['list']>[0]) => (await jobs.list(filter)).map(({ id }) => id);
  expect(await idsOf({ limit: 10 })).toEqual([...ids, later.id, elsewhere.id].reverse());
  expect(await idsOf({ limit: 2, state: 'done' })).toEqual([ids[2], ids[1]]);
  expect(await idsOf({ limit: 10, state: 'waiting', queue: 'default' })).toEqual([later.id]);
});

test('jobs with ids of whatever kind are listed in the order of their submission', async () => {
  let now = 1_000_000;
  const { jobs, database } = await startJobs({ workers: 0, now: () => (now += 1) });
  const submitted: string[] = [];
  for (const id of ['cron-1', undefined, 'zz', 'aa', undefined, 'cron-0']) {
    submitted.unshift((await jobs.submit({ name: 'x', ...(id !== undefined && { id }) })).id);
  }
  // What others put among the jobs is none.
  const strange = { 'no-time': { state: 'waiting' }, 'a-text': { state: 'waiting', submittedAt: 'now' } };
  await database.write({ principal: ADMIN, steps: [{ method: 'update', path: ['jobs'], value: strange }] });
  const listed = async (limit: number) => (await jobs.list({ limit })).map(({ id }) => id);
  expect(await listed(10)).toEqual(submitted);
  expect(await listed(2)).toEqual(submitted.slice(0, 2));
});

test('a list goes on behind the first page, also where many were submitted at the same time', async () => {
  const { jobs, database } = await startJobs({ workers: 0 });
  const node = (index: number) => ({
    name: 'x',
    queue: 'default',
    state: 'done',
    submittedAt: Math.floor(index / 1_500),
  });
  const nodes = Object.fromEntries(Array.from({ length: 4_500 }, (_, index) => [`j${10_000 + index}`, node(index)]));
  nodes.j10007!.state = 'waiting';
  await database.write({ principal: ADMIN, steps: [{ method: 'set', path: ['jobs'], value: nodes }] });
  expect((await jobs.list({ state: 'waiting', limit: 10 })).map(({ id }) => id)).toEqual(['j10007']);
  const all = (await jobs.list({ limit: 10_000 })).map(({ id }) => id);
  expect(all).toEqual(Object.keys(nodes).reverse());
});

test('nodes of jobs that ended are removed after their time, others are not', async () => {
  let ahead = 0;
  const { jobs } = await startJobs({
    handlers: handlers({ ok: () => null }),
    keepMs: 100,
    now: () => Date.now() + ahead,
  });
  const done = await jobs.submit({ name: 'ok' });
  const waiting = await jobs.submit({ name: 'ok', startAt: Date.now() + 3_600_000 });
  await ends(jobs, done.id, 'done');
  ahead = 1_000;
  await vi.waitFor(async () => expect(await jobs.status(done.id)).toBeNull(), SOON);
  expect((await jobs.status(waiting.id))?.state).toBe('waiting');
});

test('a tag stands at the node, while the job waits and after it has run', async () => {
  const { jobs, at } = await startJobs({ handlers: handlers({ ok: () => null }) });
  const later = await jobs.submit({ name: 'ok', tag: 'spring', startAt: Date.now() + 3_600_000 });
  const done = await jobs.submit({ name: 'ok', tag: 'autumn' });
  const without = await jobs.submit({ name: 'ok' });
  for (const { id } of [done, without]) await ends(jobs, id, 'done');
  expect(at(`/jobs/${later.id}`)).toMatchObject({ tag: 'spring', state: 'waiting' });
  const tags = await Promise.all([later, done, without].map(async ({ id }) => (await jobs.status(id))?.tag));
  expect(tags).toEqual(['spring', 'autumn', null]);
});

test('a request that makes no sense is refused, saying what is wrong', async () => {
  const { jobs } = await startJobs();
  const wrong = [
    { name: '' },
    { name: 'a', id: 'a/b' },
    { name: 'a', queue: 'a b' },
    { name: 'a', tag: '' },
    { name: 'a', tag: 'x'.repeat(129) },
    { name: 'a', attempts: 0 },
    { name: 'a', delayMs: -1 },
    { name: 'a', startAt: Number.NaN },
    { name: 'a', maxRunMs: 2 ** 31 },
    { name: 'a', backoff: { jitter: 2 } },
    { name: 'a', data: 'x'.repeat(1_000_001) },
  ];
  for (const request of wrong) {
    await expect(jobs.submit(request)).rejects.toSatisfy(
      (error) => error instanceof BacksideError && error.code === 'invalid-data',
    );
  }
});
