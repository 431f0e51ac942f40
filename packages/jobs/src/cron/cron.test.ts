import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createMemoryPrivateTree } from '@backside/auth';
import { SILENT_LOGGER } from '@backside/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { JobRequest } from '../jobs.js';
import { folderOf, recordingLogger, startJobs } from '../testing/jobs-fixture.js';
import { type Cron, createCron } from './cron.js';

const SOON = { timeout: 15_000, interval: 20 };
const line = (job: string): string => JSON.stringify([{ cron: '* * * * * *', job }]);

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

  await writeFile(local, line('b.local'));
  await vi.waitFor(() => expect(namesOf(cron)).toEqual(['a.first', 'b.local']), SOON);
  expect(loads()).toBe(2);

  await writeFile(main, '[{"cron": "never", "job": "a.b"}]');
  await vi.waitFor(() => expect(lines.join()).toContain('a crontab is not valid'), SOON);
  expect(namesOf(cron)).toEqual(['a.first', 'b.local']);

  await writeFile(main, line('a.second'));
  await vi.waitFor(() => expect(namesOf(cron)).toEqual(['a.second', 'b.local']), SOON);
  const before = loads();
  await writeFile(main, line('a.second'));
  await cron.reload();
  expect(loads()).toBe(before);

  await writeFile(main, '[{}]');
  await vi.waitFor(() => expect(namesOf(cron)).toEqual(['b.local']), SOON);
});
