import type { Json } from '@backside/tree';
import { expect, test } from 'vitest';
import type { Handler } from './handler.js';
import { namedJobs } from './named-jobs.js';
import { openMemoryDatabase, startJobs } from './testing/jobs-fixture.js';

const PATIENCE = { timeout: 20_000 };

/** Handlers that note when they begin and end; `slow` ends only once `quick` has. */
function noting(): { readonly lines: string[]; readonly handlers: ReadonlyMap<string, Handler> } {
  const lines: string[] = [];
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const noted =
    (handler: Handler): Handler =>
    async (data, context) => {
      lines.push(`+${context.name}`);
      try {
        return await handler(data, context);
      } finally {
        lines.push(`-${context.name}`);
      }
    };
  const handlers = new Map<string, Handler>([
    ['a.slow', () => released.then(() => 'slow')],
    [
      'a.quick',
      () => {
        release();
        return null;
      },
    ],
    ['a.echo', (data) => data],
    ['a.broken', () => Promise.reject(new Error('broken'))],
    ['a.refused', (_, { write }) => write([{ method: 'set', path: '/a.b', value: 1 }]).then(() => null)],
    [
      'a.first',
      async (_, { write }) => {
        await write([{ method: 'push', path: '/log', value: 'first' }]);
        release();
        return null;
      },
    ],
    ['a.write', (data, { write }) => write([{ method: 'push', path: '/log', value: data }]).then(() => null)],
    [
      'a.late',
      async (_, { write }) => {
        await released;
        await write([{ method: 'push', path: '/log', value: 'late' }]);
        return null;
      },
    ],
  ]);
  return { lines, handlers: new Map([...handlers].map(([name, handler]) => [name, noted(handler)])) };
}

async function resultOf(job: Json, handlers: ReadonlyMap<string, Handler>): Promise<{ result: Json; log: Json }> {
  const { jobs, at } = await startJobs({ handlers });
  const [request] = namedJobs(job);
  const { id } = await jobs.submit(request!);
  await expect.poll(async () => (await jobs.status(id))?.state, PATIENCE).toBe('done');
  return { result: (await jobs.status(id))!.result, log: at('/log') };
}

test('the items of a list run one after the other, the names of an item together', async () => {
  const { lines, handlers } = noting();
  const { result } = await resultOf([{ 'a.slow': null, 'a.quick': null }, 'a.echo', { 'a.echo': { n: 1 } }], handlers);
  expect(lines).toEqual(['+a.slow', '+a.quick', '-a.quick', '-a.slow', '+a.echo', '-a.echo', '+a.echo', '-a.echo']);
  expect(result).toMatchObject({ 0: { 'a:slow': 'slow' }, 2: { 'a:echo': { n: 1 } } });
});

test('what fails, or is not there, is told, and the list goes on', async () => {
  const { lines, handlers } = noting();
  const { result } = await resultOf(['a.broken', 'no.such', { 'a.echo': 'end' }], handlers);
  expect(lines.at(-1)).toBe('-a.echo');
  expect(result).toEqual([
    { 'a:broken': { error: 'broken' } },
    { 'no:such': { error: 'no handler is named no.such' } },
    { 'a:echo': 'end' },
  ]);
});

test('a list that is to end with the first failure does, for good', async () => {
  const { lines, handlers } = noting();
  const { jobs } = await startJobs({ handlers });
  const { id } = await jobs.submit(namedJobs(['a.echo', 'a.broken', 'a.quick'], { stopsAtError: true })[0]!);
  await expect.poll(async () => (await jobs.status(id))?.state, PATIENCE).toBe('dead');
  expect((await jobs.status(id))?.error).toBe('broken');
  expect(lines).toEqual(['+a.echo', '-a.echo', '+a.broken', '-a.broken']);
});

test('a write that is refused fails its own function, and no other', async () => {
  const { handlers } = noting();
  const { result, log } = await resultOf([{ 'a.refused': null, 'a.write': 'beside' }, { 'a.write': 'next' }], handlers);
  expect(result).toMatchObject({ 0: { 'a:refused': { error: 'Invalid path' } } });
  expect(Object.values(log as Record<string, Json>)).toEqual(['beside', 'next']);
});

test('functions that run together do not wait for the writes of each other', async () => {
  const { handlers } = noting();
  const { log } = await resultOf([{ 'a.late': null, 'a.first': null }], handlers);
  expect(Object.values(log as Record<string, Json>)).toEqual(['first', 'late']);
});

test('each function writes once through all runs of a list, whatever the others come to in each', async () => {
  const database = await openMemoryDatabase();
  let run = 1;
  const push: Handler = (data, { write }) => write([{ method: 'push', path: '/log', value: data }]).then(() => null);
  const handlers = new Map<string, Handler>([
    ['moody', (data, context) => (run === 1 ? Promise.reject(new Error('not in the mood')) : push(data, context))],
    ['push', push],
    [
      'wait',
      (_, { signal }) =>
        run === 1 ? new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null))) : null,
    ],
  ]);
  const first = await startJobs({ database, handlers });
  const { id } = await first.jobs.submit(namedJobs([{ moody: 'late' }, { push: 'early' }, 'wait'])[0]!);
  const log = (): Json[] => Object.values(Object(first.at('/log')) as Record<string, Json>);
  await expect.poll(log, PATIENCE).toEqual(['early']);
  await first.jobs.drain(0);
  run = 2;
  const second = await startJobs({ database, tree: first.tree, handlers });
  await expect.poll(async () => (await second.jobs.status(id))?.state, PATIENCE).toBe('done');
  expect(log()).toEqual(['early', 'late']);
});

test('a list that is cancelled goes no further', async () => {
  const { lines, handlers } = noting();
  const { jobs } = await startJobs({ handlers });
  const { id } = await jobs.submit(namedJobs(['a.slow', 'a.quick'])[0]!);
  await expect.poll(() => lines, PATIENCE).toEqual(['+a.slow']);
  expect(await jobs.cancel(id)).toBe(true);
  await jobs.drain(10_000);
  expect((await jobs.status(id))?.state).toBe('cancelled');
  expect(lines).not.toContain('+a.quick');
});

/** Names for one item of a list. */
function together(count: number): Record<string, Json> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`a.f${i}`, 1]));
}

test.each<Json>([null, 5, [[]], ['a', 7], ['a/b'], Array.from({ length: 101 }, () => 'a.f'), ['a', together(11)]])(
  '%j is no job',
  (job) => expect(() => namedJobs(job)).toThrow(expect.objectContaining({ code: 'invalid-data' })),
);

test('a list names up to a hundred functions, ten of them in one item', () => {
  expect(namedJobs(Array.from({ length: 10 }, () => together(10)))).toHaveLength(1);
});
