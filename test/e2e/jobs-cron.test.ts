import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServerHandle, startServer } from '../harness/server.js';

const TICK = `export default async (_data, { id, write }) => {
  await write([{ method: 'set', path: '/ticks/' + id.split('-').at(-2), value: { '.sv': { increment: 1 } } }]);
};`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jobs-cron-'));
  await mkdir(join(folder, 'jobs'));
  await writeFile(join(folder, 'jobs', 'tick.mjs'), TICK);
  await writeFile(join(folder, 'crontab'), '[{"cron": "* * * * * *", "job": "tick"}]');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(): Promise<ServerHandle> {
  const args = ['--jobs', join(folder, 'jobs'), '--crontab', join(folder, 'crontab'), '--job-workers', '2'];
  return startServer({ dataDir: join(folder, 'data'), workers: 2, args });
}

/** The ticks whose jobs have run, in seconds, and how often each has had its effect. */
async function ticksOf({ httpPort }: ServerHandle): Promise<[second: number, times: number][]> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/ticks.json`);
  const ticks = (await response.json()) as Readonly<Record<string, number>> | null;
  return Object.entries(ticks ?? {}).map(([tick, times]) => [Number(tick) / 1_000, times]);
}

type Ticks = Awaited<ReturnType<typeof ticksOf>>;

/** Waits until the ticks are as they should be: that they never are is a failure by the end of the test's time. */
async function ticksWhen(server: ServerHandle, isEnough: (ticks: Ticks) => boolean): Promise<Ticks> {
  for (;;) {
    const ticks = await ticksOf(server);
    if (isEnough(ticks)) return ticks;
    await sleep(100);
  }
}

test('each second fires once over two processes, and goes on after kill -9', { timeout: 90_000 }, async () => {
  const first = await start();
  const before = await ticksWhen(first, (ticks) => ticks.length >= 4);
  await first.kill();
  const [from, to] = [Math.min(...before.map(([at]) => at)), Math.max(...before.map(([at]) => at))];
  const second = await start();
  try {
    // None was left out while the first server lived; what it was running when it died comes once its lease has lapsed.
    const after = await ticksWhen(
      second,
      (ticks) =>
        ticks.length >= before.length + 4 && ticks.filter(([at]) => at >= from && at <= to).length === to - from + 1,
    );
    expect(after.filter(([, times]) => times !== 1)).toEqual([]);
  } finally {
    await second.kill();
  }
});
