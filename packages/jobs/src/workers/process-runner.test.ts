import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ADMIN } from '@backside/protocol';
import { expect, test, vi } from 'vitest';
import type { JobState, Jobs } from '../jobs.js';
import { folderOf, recordingLogger, startJobs } from '../testing/jobs-fixture.js';

const SOON = { timeout: 20_000, interval: 20 };

async function ends(jobs: Jobs, id: string, state: JobState): Promise<void> {
  await vi.waitFor(async () => expect((await jobs.status(id))?.state).toBe(state), SOON);
}

test('a function of a module runs in a process of its own, and reads, shows and writes the tree', async () => {
  const directory = await folderOf({
    'orders.mjs': `
      export async function total(data, context) {
        context.progress('counting');
        const orders = await context.read('/orders');
        const total = Object.values(orders).reduce((sum, n) => sum + n, 0) * data.factor;
        await context.write([{ method: 'set', path: '/total', value: total }]);
        return { pid: process.pid, total, id: context.id, attempt: context.attempt };
      }
      export default () => 'by default';
    `,
  });
  const { jobs, at, database } = await startJobs({ directory });
  const steps = [{ method: 'set', path: ['orders'], value: { a: 1, b: 2 } }] as const;
  await database.write({ principal: ADMIN, steps });
  const { id } = await jobs.submit({ name: 'orders.total', data: { factor: 10 } });
  await ends(jobs, id, 'done');
  const { result, progress } = (await jobs.status(id))!;
  expect(result).toMatchObject({ total: 30, id, attempt: 1 });
  expect((result as { pid: number }).pid).not.toBe(process.pid);
  expect(progress).toBe('counting');
  expect(at('/total')).toBe(30);
  const other = await jobs.submit({ name: 'orders' });
  await ends(jobs, other.id, 'done');
  expect((await jobs.status(other.id))?.result).toBe('by default');
});

test('a refused write is told to the handler with its code', async () => {
  const directory = await folderOf({
    'bad.js': `export default async (_data, context) => {
      try { await context.write([{ method: 'set', path: '/a.b', value: 1 }]); } catch (error) { return error.code; }
    };`,
    'package.json': '{"type": "module"}',
  });
  const { jobs } = await startJobs({ directory });
  const { id } = await jobs.submit({ name: 'bad' });
  await ends(jobs, id, 'done');
  expect((await jobs.status(id))?.result).toBe('invalid-path');
});

test('a process that crashes, loops for ever or eats memory fails its own job alone', async () => {
  const directory = await folderOf({
    'evil.mjs': `
      export const crash = () => process.exit(7);
      export const loop = () => { for (;;); };
      export const deaf = () => new Promise(() => {});
      export const eat = () => { const all = []; for (;;) all.push(new Array(100_000).fill(Math.random())); };
      export const fine = () => 'fine';
    `,
  });
  const { jobs } = await startJobs({ directory, workers: 5, workerMemoryMb: 32, graceMs: 200, attempts: 1 });
  const submit = async (name: string, maxRunMs = 15_000) => (await jobs.submit({ name, maxRunMs })).id;
  const names = ['evil.crash', 'evil.loop', 'evil.deaf', 'evil.eat'] as const;
  const [crash, loop, deaf, eat] = await Promise.all(
    names.map((name) => submit(name, name === 'evil.loop' || name === 'evil.deaf' ? 1_500 : 60_000)),
  );
  const fine = await submit('evil.fine');
  await ends(jobs, fine, 'done');
  for (const id of [crash!, loop!, deaf!, eat!]) await ends(jobs, id, 'dead');
  const errorOf = async (id: string) => (await jobs.status(id))!.error;
  expect(await errorOf(crash!)).toBe('the worker process ended: exit code 7');
  expect(await errorOf(loop!)).toBe('ran for longer than 1500 ms');
  expect(await errorOf(deaf!)).toBe('ran for longer than 1500 ms');
  expect(await errorOf(eat!)).toMatch(/^the worker process ended/);
  const after = await submit('evil.fine');
  await ends(jobs, after, 'done');
});

test('a job that runs is cancelled in its process', async () => {
  const directory = await folderOf({
    'long.mjs': `export default (_data, { signal }) => new Promise((_resolve, reject) => {
      console.log('it runs');
      signal.addEventListener('abort', () => { console.log('told: ' + signal.reason.message); reject(signal.reason); });
    });`,
  });
  const { logger, lines } = recordingLogger();
  const { jobs, queue } = await startJobs({ directory, logger });
  const { id } = await jobs.submit({ name: 'long' });
  await vi.waitFor(() => expect(lines.join()).toContain('it runs'), SOON);
  expect(await jobs.cancel(id)).toBe(true);
  await vi.waitFor(async () => expect((await queue.counts('default')).running).toBe(0), SOON);
  expect((await jobs.status(id))?.state).toBe('cancelled');
  await vi.waitFor(() => expect(lines.join()).toContain('told: the job was cancelled'), SOON);
});

test('a module that changes is loaded anew', async () => {
  const directory = await folderOf({ 'version.mjs': 'export default () => 1;' });
  const { jobs } = await startJobs({ directory });
  const run = async () => {
    const { id } = await jobs.submit({ name: 'version' });
    await ends(jobs, id, 'done');
    return (await jobs.status(id))!.result;
  };
  expect(await run()).toBe(1);
  await writeFile(join(directory, 'version.mjs'), 'export default () => 2;');
  expect(await run()).toBe(2);
});

test('no name leads out of the folder', async () => {
  const directory = await folderOf({ 'in.mjs': 'export default () => 1;' });
  const { jobs } = await startJobs({ directory: join(directory, 'none') });
  const { id } = await jobs.submit({ name: '..in' });
  await ends(jobs, id, 'dead');
  expect((await jobs.status(id))?.error).toBe('no handler is named ..in');
});

test('what a job asks for after it has ended is refused, and the next one in its process knows nothing of it', async () => {
  const directory = await folderOf({
    'late.mjs': `
      let ended;
      export const leave = (_data, context) => { ended = context; };
      export async function next(_data, context) {
        ended.progress('of the one before');
        // A refusal that nobody waits for.
        ended.write([{ method: 'set', path: '/late', value: 1 }]);
        const refusal = await ended.write([{ method: 'set', path: '/late', value: 2 }]).catch((error) => error.message);
        const read = await ended.read('/late').catch((error) => error.message);
        await context.write([{ method: 'set', path: '/mine', value: 1 }]);
        return { refusal, read, pid: process.pid };
      }
    `,
  });
  const { jobs, at } = await startJobs({ directory });
  await jobs.submit({ name: 'late.leave', id: 'first' });
  await ends(jobs, 'first', 'done');
  await jobs.submit({ name: 'late.next', id: 'second', attempts: 1 });
  await ends(jobs, 'second', 'done');
  const { result, progress } = (await jobs.status('second'))!;
  expect(result).toMatchObject({ refusal: 'the job first has ended', read: 'the job first has ended' });
  expect(progress).toBeNull();
  expect([at('/late'), at('/mine')]).toEqual([null, 1]);
});

test('what a job asked for without waiting is a part of it: it is made before the job is done, or fails it', async () => {
  const directory = await folderOf({
    'hasty.mjs': `
      export const good = (_data, context) => { context.write([{ method: 'set', path: '/hasty', value: 1 }]); };
      export const bad = (_data, context) => { context.write([{ method: 'set', path: '/a.b', value: 1 }]); };
      export const careless = async (_data, context) => {
        bad(_data, context);
        await new Promise((resolve) => setTimeout(resolve, 500));
      };
    `,
  });
  const { jobs, at } = await startJobs({ directory });
  await jobs.submit({ name: 'hasty.good', id: 'good', attempts: 1 });
  await ends(jobs, 'good', 'done');
  expect(at('/hasty')).toBe(1);
  await jobs.submit({ name: 'hasty.bad', id: 'bad', attempts: 1 });
  await ends(jobs, 'bad', 'dead');
  expect((await jobs.status('bad'))?.error).toBe('Invalid path');
  await jobs.submit({ name: 'hasty.careless', id: 'careless', attempts: 1 });
  await ends(jobs, 'careless', 'dead');
  expect((await jobs.status('careless'))?.error).toContain('the worker process ended');
});
