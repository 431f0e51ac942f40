import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../harness/server.js';
import { Admin, BankFolder, expectAllMoved, isAlive } from './bank.js';

/** How often the server is killed. */
const ROUNDS = Number(process.env.JOBS_KILLS ?? 3);
/** A server lives so long after the first job of its round at most, in milliseconds. */
const MAX_LIFE_MS = 1_200;
describe('jobs under kill -9 of the server and of its workers', () => {
  let folder: BankFolder;
  beforeAll(async () => {
    folder = await BankFolder.create();
  });
  afterAll(() => folder?.remove());

  const start = (): Promise<ServerHandle> =>
    startServer({ dataDir: folder.data, args: ['--jobs', folder.jobs, '--job-workers', '3'] });

  it('all run that were acknowledged, and each write of each is made exactly once', { timeout: 180_000 }, async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const server = await start();
      const client = await Admin.of(server);
      const coins = (async () => {
        for (let n = 0; n < 30; n++) {
          const coin = `r${round}n${n}`;
          // What the server's death leaves unanswered counts for nothing.
          if (!(await client.submit('bank.move', coin).catch(() => false))) return;
          acknowledged.push(coin);
        }
      })();
      const life = Math.random() * MAX_LIFE_MS;
      await sleep(life / 2);
      await folder.killWorker();
      await sleep(life / 2);
      await server.kill();
      await coins;
    }
    const server = await start();
    try {
      const client = await Admin.of(server);
      await client.submit('bank.move', 'last');
      await expectAllMoved(client, [...acknowledged, 'last']);
      await expect
        .poll(() => client.counts(), { timeout: 60_000, interval: 200 })
        .toEqual({ waiting: 0, running: 0, dead: 0 });
      const begun = (await folder.runs()).map(([coin]) => coin);
      expect(new Set(begun).size).toBeGreaterThanOrEqual(acknowledged.length + 1);
      console.info(`${new Set(begun).size} jobs, ${begun.length} runs, ${ROUNDS} kills of the server`);
    } finally {
      await server.kill();
    }
  });

  it('leave no process behind, not even one that loops for ever', { timeout: 60_000 }, async () => {
    const server = await start();
    const client = await Admin.of(server);
    await client.submit('bank.loop', 'endless');
    const pidOf = async (): Promise<number | undefined> =>
      (await folder.runs()).find(([coin]) => coin === 'endless')?.[1];
    while ((await pidOf()) === undefined) await sleep(50);
    const pid = (await pidOf())!;
    expect(isAlive(pid)).toBe(true);
    await server.kill();
    while (isAlive(pid)) await sleep(50);
  });
});
