import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { processTree } from '../harness/measure.js';
import { startServer } from '../harness/server.js';
import { Admin, BankFolder } from './bank.js';

const SOON = { timeout: 30_000, interval: 100 };

test('a process that is starting when the settings are read again takes them on once it runs jobs', {
  timeout: 60_000,
}, async () => {
  const folder = await BankFolder.create();
  onTestFinished(() => folder.remove());
  const settings = join(folder.path, 'settings.json');
  await writeFile(join(folder.jobs, 'speak.mjs'), `export default () => console.log('a word of the job');`);
  await writeFile(settings, '{"logLevel": "error"}');
  const server = await startServer({ workers: 2, args: ['--config', settings, '--jobs', folder.jobs] });
  onTestFinished(() => server.kill());
  const client = await Admin.of(server);
  const workers = (): number[] => processTree(server.pid).filter((pid) => pid !== server.pid);
  const before = workers();
  for (const pid of before) process.kill(pid, 'SIGKILL');
  while (workers().every((pid) => before.includes(pid))) await sleep(10);
  await writeFile(settings, '{"logLevel": "info"}');
  process.kill(server.pid, 'SIGHUP');
  const submitted = (): Promise<boolean> => client.submit('speak', 'spoken').catch(() => false);
  await expect.poll(submitted, SOON).toBe(true);
  // What jobs print is told at the level that the settings have now.
  await expect.poll(() => server.output(), SOON).toContain('a word of the job');
});
