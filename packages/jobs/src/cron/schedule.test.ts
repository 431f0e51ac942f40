import { createMemoryPrivateTree, type PrivateTree } from '@backside/auth';
import { BacksideError, SILENT_LOGGER } from '@backside/protocol';
import type { Json } from '@backside/tree';
import { expect, test } from 'vitest';
import type { JobRequest } from '../jobs.js';
import { parseLines } from './cron-entry.js';
import { Schedule } from './schedule.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const NOON = Date.parse('2026-03-10T12:00:00Z');

/** Jobs that are submitted, as a queue that keeps ids takes them. */
class Submitted {
  readonly all: JobRequest[] = [];
  readonly #ids = new Set<string>();
  fails = false;

  async submit(request: JobRequest): Promise<{ id: string; duplicate: boolean }> {
    if (this.fails) throw new BacksideError('unavailable');
    const id = request.id!;
    const duplicate = this.#ids.has(id);
    this.#ids.add(id);
    if (!duplicate) this.all.push(request);
    return { id, duplicate };
  }

  /** The ticks that have fired, in UTC. */
  get ticks(): string[] {
    return this.all.map(({ id }) => new Date(Number(id!.split('-').at(-2))).toISOString().replace('.000Z', 'Z'));
  }
}

/** One process with a clock that the test sets. */
class Process {
  readonly schedule: Schedule;
  readonly submitted: Submitted;
  readonly tree: PrivateTree;
  now: number;

  constructor(now: number, shared?: { submitted: Submitted; tree: PrivateTree }) {
    this.now = now;
    this.submitted = shared?.submitted ?? new Submitted();
    this.tree = shared?.tree ?? createMemoryPrivateTree();
    const { submitted: jobs, tree } = this;
    this.schedule = new Schedule({ jobs, tree, now: () => this.now, logger: SILENT_LOGGER });
  }

  /** Lets the clock run, looking at it each `stepMs`. */
  async run(forMs: number, stepMs: number): Promise<void> {
    for (let end = this.now + forMs; this.now < end; ) {
      this.now += stepMs;
      await this.schedule.fire();
    }
  }
}

async function started(lines: Json, now = NOON): Promise<Process> {
  const process = new Process(now);
  await process.schedule.replace(parseLines(lines));
  return process;
}

const every = (cron: string, more: object = {}): Json => [{ cron, job: 'a.b', ...more }];
const berlin = { timezone: 'Europe/Berlin' };

test('each tick of each second fires once, also when the process looks late', async () => {
  const process = await started(every('*/5 * * * * *'));
  await process.run(10 * SECOND, 700);
  process.now = NOON + 32 * SECOND;
  await process.schedule.fire();
  expect(process.submitted.ticks).toEqual(
    [5, 10, 15, 20, 25, 30].map((second) => `2026-03-10T12:00:${String(second).padStart(2, '0')}Z`),
  );
});

test('all processes and nodes together fire each tick once', async () => {
  const first = await started(every('0 * * * * *'));
  const others = [0, 1, 2].map(() => new Process(NOON, first));
  for (const other of others) await other.schedule.replace(parseLines(every('0 * * * * *')));
  for (let minute = 1; minute <= 5; minute += 1) {
    await Promise.all([first, ...others].map((process) => process.run(MINUTE, 20 * SECOND)));
  }
  expect(first.submitted.ticks).toHaveLength(5);
  expect(new Set(first.submitted.ticks).size).toBe(5);
});

test('of the ticks that were missed while nobody ran the last one fires, once', async () => {
  const before = await started(every('0 0 * * * *'));
  await before.run(HOUR, 10 * MINUTE);
  const after = new Process(NOON + 5 * HOUR + 30 * MINUTE, before);
  await after.schedule.replace(parseLines(every('0 0 * * * *')));
  await after.schedule.fire();
  await after.schedule.fire();
  expect(before.submitted.ticks).toEqual(['2026-03-10T13:00:00Z', '2026-03-10T17:00:00Z']);
});

test('a line may say that missed ticks are left out', async () => {
  const lines = every('0 0 * * * *', { missed: 'skip' });
  const before = await started(lines);
  const after = new Process(NOON + 5 * HOUR + 30 * MINUTE, before);
  await after.schedule.replace(parseLines(lines));
  await after.run(40 * MINUTE, MINUTE);
  expect(before.submitted.ticks).toEqual(['2026-03-10T18:00:00Z']);
});

test('a line that is new begins now', async () => {
  const process = await started(every('0 0 12 * * *', berlin));
  await process.schedule.fire();
  expect(process.submitted.ticks).toEqual([]);
});

test('a clock that is set forward skips to the last tick, and one that is set back repeats none', async () => {
  const process = await started(every('0 */10 * * * *'));
  await process.run(10 * MINUTE, MINUTE);
  process.now += 2 * HOUR + 5 * MINUTE;
  await process.schedule.fire();
  expect(process.submitted.ticks).toEqual(['2026-03-10T12:10:00Z', '2026-03-10T14:10:00Z']);
  process.now -= 2 * HOUR;
  await process.run(2 * HOUR, MINUTE);
  expect(process.submitted.ticks).toHaveLength(2);
  await process.run(10 * MINUTE, MINUTE);
  expect(process.submitted.ticks.at(-1)).toBe('2026-03-10T14:20:00Z');
});

test('a clock that was wrong by days does not silence a line for as long', async () => {
  const process = await started(every('0 0 * * * *'));
  process.now += 400 * 24 * HOUR;
  await process.schedule.fire();
  process.now -= 400 * 24 * HOUR;
  await process.run(HOUR, 10 * MINUTE);
  expect(process.submitted.ticks.at(-1)).toBe('2026-03-10T13:00:00Z');
});

test('when summer time begins, what stands in the hour that is left out fires once, right after it', async () => {
  const start = Date.parse('2026-03-28T12:00:00Z');
  const process = await started(every('0 30 2 * * *', berlin), start);
  await process.run(48 * HOUR, 10 * MINUTE);
  expect(process.submitted.ticks).toEqual(['2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z']);
});

test('when summer time ends, what stands in the hour that comes twice fires once', async () => {
  const start = Date.parse('2026-10-24T12:00:00Z');
  const process = await started(every('0 30 2 * * *', berlin), start);
  await process.run(48 * HOUR, 10 * MINUTE);
  expect(process.submitted.ticks).toEqual(['2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z']);
});

test('what fires every half hour does so through both changes of the clock', async () => {
  for (const day of ['2026-03-28', '2026-10-24']) {
    const process = await started(every('0 */30 * * * *', berlin), Date.parse(`${day}T21:00:00Z`));
    await process.run(8 * HOUR, 10 * MINUTE);
    const times = process.submitted.ticks.map((tick) => Date.parse(tick));
    expect(times).toHaveLength(16);
    for (const [index, time] of times.slice(1).entries()) expect(time - times[index]!).toBe(30 * MINUTE);
  }
});

test('a tick that could not be submitted is tried again until it is', async () => {
  const process = await started(every('0 0 * * * *'));
  process.submitted.fails = true;
  process.now += HOUR;
  expect(await process.schedule.fire()).toBe(false);
  process.submitted.fails = false;
  process.now += 5 * SECOND;
  expect(await process.schedule.fire()).toBe(true);
  expect(process.submitted.ticks).toEqual(['2026-03-10T13:00:00Z']);
});

test('a line names one job or several, their data, their queue, and whether only one may wait or run', async () => {
  const process = await started([
    { cron: '0 0 * * * *', job: { 'mail.send': { to: 'bob' }, 'log.rotate': {} }, queueName: 'slow', uniqueTtl: 5 },
    { cron: '0 0 * * * *', job: ['a.b', { 'c.d': 1 }] },
  ]);
  process.now += HOUR;
  await process.schedule.fire();
  const seen = process.submitted.all.map(({ name, data, queue, uniqueKey }) => [
    name,
    data,
    queue,
    uniqueKey !== undefined,
  ]);
  expect(seen).toEqual([
    ['mail.send', { to: 'bob' }, 'slow', true],
    ['log.rotate', {}, 'slow', true],
    ['.sequence', { items: ['a.b', { 'c.d': 1 }], stopsAtError: false }, undefined, false],
  ]);
});

test('equal lines are schedules of their own', async () => {
  const process = await started([
    { cron: '0 0 * * * *', job: 'a.b' },
    { cron: '0 0 * * * *', job: 'a.b' },
  ]);
  process.now += HOUR;
  await process.schedule.fire();
  expect(process.submitted.all).toHaveLength(2);
});
