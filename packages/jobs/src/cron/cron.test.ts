import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createMemoryPrivateTree } from '@backside/auth';
import { SILENT_LOGGER } from '@backside/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { JobRequest } from '../jobs.js';
import { folderOf, recordingLogger, startJobs } from '../testing/jobs-fixture.js';
import { type Cron, createCron } from './cron.js';

const SOON = { timeout: 15_000, interval: 20 };
const line = (job: string): string => JSON.stringify([{ cron: '* * * * * *', job }]);

/** All at once: a reader never finds a half of it. */
async function put(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

function namesOf(cron: Cron): (string | undefined)[] {
  return cron.entries().flatMap(({ requests }) => requests.map(({ name }) => name));
}

test('jobs of a crontab run, each second once, whoever else has the same crontab', async () => {
  const folder = await folderOf({ crontab: line('tick') });
  const ran: number[] = [];
  const handlers = new Map([['tick', () => void ran.push(Date.now())]]);
  const fixture = await startJobs({ handlers });
  const options = { files: [join(folder, 'crontab')], tree: fixture.tree, now: Date.now, logger: SILENT_LOGGER };
  const crons = await Promise.all([1, 2, 3].map(() => createCron({ ...options, jobs: fixture.jobs })));
  const begun = Date.now();
  await vi.waitFor(() => expect(ran.length).toBeGreaterThanOrEqual(3), SOON);
  await Promise.all(crons.map((cron) => cron.close()));
  const jobs = await fixture.jobs.list({ limit: 100 });
  const ticks = jobs.map(({ id }) => Number(id.split('-').at(-2)));
  expect(new Set(ticks).size).toBe(jobs.length);
  expect(jobs.length).toBeLessThanOrEqual((Date.now() - begun) / 1_000 + 2);
  for (const { id, submittedAt } of jobs) expect(submittedAt).toBeGreaterThanOrEqual(Number(id.split('-').at(-2)));
});

test('a file that changes is in force some time later; the same text, or a wrong one, changes nothing', async () => {
  const folder = await folderOf({ crontab: line('a.first') });
  const [main, local] = [join(folder, 'crontab'), join(folder, 'crontab.local')];
  const { logger, lines } = recordingLogger();
  const jobs = { submit: async ({ id = '' }: JobRequest) => ({ id, duplicate: false }) };
  const tree = createMemoryPrivateTree();
  const cron = await createCron({ files: [main, local], jobs, tree, now: Date.now, logger, reloadMs: 50 });
  onTestFinished(() => cron.close());
  expect(namesOf(cron)).toEqual(['a.first']);
  const loads = () => lines.filter((text) => text.startsWith('the crontab is in force')).length;
  expect(lines.filter((text) => text.includes('does not exist'))).toEqual([expect.stringContaining(local)]);

  await put(local, line('b.local'));
  await vi.waitFor(() => expect([namesOf(cron), loads()]).toEqual([['a.first', 'b.local'], 2]), SOON);

  await put(main, '[{"cron": "never", "job": "a.b"}]');
  await vi.waitFor(() => expect(lines.join()).toContain('a crontab is not valid'), SOON);
  expect(namesOf(cron)).toEqual(['a.first', 'b.local']);

  await put(main, line('a.second'));
  await vi.waitFor(() => expect([namesOf(cron), loads()]).toEqual([['a.second', 'b.local'], 3]), SOON);
  await put(main, line('a.second'));
  await cron.reload();
  expect(loads()).toBe(3);

  await put(main, '[{}]');
  await vi.waitFor(() => expect(namesOf(cron)).toEqual(['b.local']), SOON);
});

test('a tick fires soon after the clock is set to its time, and never again: not when it is set back, nor after a restart', async () => {
  const HOUR_MS = 3_600_000;
  const folder = await folderOf({ crontab: JSON.stringify([{ cron: '0 0 * * * *', job: 'hourly' }]) });
  const handlers = new Map([['hourly', () => null]]);
  const noon = Date.parse('2026-03-10T12:00:00Z');
  let ahead = noon + HOUR_MS / 2 - Date.now();
  const now = (): number => Date.now() + ahead;
  const { jobs, tree } = await startJobs({ handlers, now });
  const start = async (): Promise<Cron> => {
    const cron = await createCron({ files: [join(folder, 'crontab')], jobs, tree, now, logger: SILENT_LOGGER });
    onTestFinished(() => cron.close());
    return cron;
  };
  const hours = async (): Promise<number[]> => {
    const ticks = (await jobs.list({ limit: 100 })).map(({ id }) => Number(id.split('-').at(-2)));
    return ticks.map((tick) => (tick - noon) / HOUR_MS).sort((a, b) => a - b);
  };
  const first = await start();
  ahead += HOUR_MS / 2;
  await vi.waitFor(async () => expect(await hours()).toEqual([1]), SOON);
  ahead -= HOUR_MS / 4;
  await first.close();
  const second = await start();
  ahead += HOUR_MS / 4;
  // Long enough for a look at the clock, of which there is one each second.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(await hours()).toEqual([1]);
  await second.close();
  ahead += 3 * HOUR_MS;
  await start();
  await vi.waitFor(async () => expect(await hours()).toEqual([1, 4]), SOON);
});
