import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ServerHandle, startServer } from '../harness/server.js';
import { type OwnService, startService } from '../services/index.js';
import { Admin, BankFolder, expectAllMoved } from './bank.js';
import { startDurableRedis } from './durable-redis.js';

/** Jobs of each round. */
const COINS = 25;
/** A broker is away for so long, in milliseconds. */
const OUTAGE_MS = 1_000;
const TEST_TIMEOUT_MS = 150_000;

type Broker = Pick<OwnService, 'url' | 'kill' | 'restart' | 'stop'>;

describe.concurrent.each<{ queue: string; startBroker: () => Promise<Broker | null> }>([
  { queue: 'redis', startBroker: startDurableRedis },
  { queue: 'amqp', startBroker: () => startService('rabbitmq') },
])('jobs over $queue', ({ queue, startBroker }) => {
  let broker: Broker | null = null;
  let folder: BankFolder;
  let server: ServerHandle;
  beforeAll(async () => {
    [broker, folder] = await Promise.all([startBroker(), BankFolder.create()]);
    await writeFile(join(folder.path, 'crontab'), '[{"cron": "* * * * * *", "job": "bank.tick"}]');
  }, 120_000);
  beforeEach(({ skip }) => skip(broker === null, 'the service is not there'));
  afterAll(async () => {
    await server?.kill();
    await broker?.stop();
    await folder?.remove();
  });

  const start = (): Promise<ServerHandle> => {
    const where = ['--queue', queue, '--queue-url', broker!.url];
    const work = ['--jobs', folder.jobs, '--job-workers', '3', '--crontab', join(folder.path, 'crontab')];
    return startServer({ dataDir: folder.data, args: [...where, ...work] });
  };

  /** Calls `strike` when some of the jobs are submitted; resolves when all are acknowledged, however often that was tried. */
  const submitThrough = async (client: () => Admin, round: string, strike: () => Promise<void>): Promise<string[]> => {
    const coins = Array.from({ length: COINS }, (_, n) => `${round}${n}`);
    const struck = sleep(300).then(strike);
    for (const coin of coins) {
      while (!(await client().submit('bank.move', coin).catch(isNoHang))) await sleep(100);
      await sleep(20);
    }
    await struck;
    return coins;
  };

  test('all run that were acknowledged, each with its effect once, though broker, server and workers die', {
    timeout: TEST_TIMEOUT_MS,
  }, async () => {
    server = await start();
    let client = await Admin.of(server);
    const outage = async (): Promise<void> => {
      await broker!.kill();
      await folder.killWorker();
      await sleep(OUTAGE_MS);
      await broker!.restart();
    };
    const first = await submitThrough(() => client, 'a', outage);
    const second = await submitThrough(
      () => client,
      'b',
      async () => {
        await folder.killWorker();
        await server.kill();
        // The next server finds no broker at first.
        await broker!.kill();
        [server] = await Promise.all([start(), broker!.restart()]);
        client = await Admin.of(server);
      },
    );
    await expectAllMoved(client, [...first, ...second]);
    await expectEachTickOnce(client);
    expect(await server.stop()).toBe(0);
  });
});

/** For a submission that failed: whoever does not answer hangs, which is the one thing that must not be. */
function isNoHang(error: Error): false {
  expect(error.name).not.toBe('TimeoutError');
  return false;
}

/** Every second since the first has fired, and none twice: an outage is made up for. */
async function expectEachTickOnce(client: Admin): Promise<void> {
  const before = Math.floor(Date.now() / 1_000);
  const ticksUntil = async (): Promise<[second: number, times: number][]> =>
    Object.entries(await client.ticks())
      .map(([tick, times]): [number, number] => [Number(tick) / 1_000, times])
      .filter(([second]) => second <= before);
  const missing = async (): Promise<number> => {
    const seconds = (await ticksUntil()).map(([second]) => second);
    return before - Math.min(...seconds) + 1 - seconds.length;
  };
  await vi.waitFor(async () => expect(await missing()).toBe(0), { timeout: 40_000, interval: 200 });
  expect((await ticksUntil()).filter(([, times]) => times !== 1)).toEqual([]);
}
