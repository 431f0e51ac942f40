import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../harness/server.js';
import { runBackside } from './run-backside.js';

/** How often the server is killed. */
const ROUNDS = Number(process.env.JOBS_KILLS ?? 3);
/** A server lives so long after the first job of its round at most, in milliseconds. */
const MAX_LIFE_MS = 1_200;
/** How long all jobs may take in the end: those of the last server come back once its lease has lapsed. */
const MAX_END_MS = 60_000;

const EMAIL = 'admin@example.com';
const PASSWORD = 'correct horse battery';

/** Moves one coin: two writes that must both be made once, with time to die before, between and after them. */
const BANK = `
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
const LOG = new URL('../runs.log', import.meta.url);
export async function move({ coin }, context) {
  appendFileSync(LOG, coin + ' ' + process.pid + '\\n');
  const add = (place, n) => ({ method: 'set', path: '/bank/' + place, value: { '.sv': { increment: n } } });
  await sleep(Math.random() * 40);
  await context.write([add('from', -1), add('moves/' + coin + '/out', 1)]);
  await sleep(Math.random() * 40);
  await context.write([add('to', 1), add('moves/' + coin + '/in', 1)]);
  await sleep(Math.random() * 20);
  return coin;
}
export function loop({ coin }) {
  appendFileSync(LOG, coin + ' ' + process.pid + '\\n');
  for (;;);
}`;

describe('jobs under kill -9 of the server and of its workers', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jobs-kill-'));
    await mkdir(join(folder, 'jobs'));
    await writeFile(join(folder, 'jobs', 'bank.mjs'), BANK);
    await writeFile(join(folder, 'runs.log'), '');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const start = (): Promise<ServerHandle> =>
    startServer({ dataDir: join(folder, 'data'), args: ['--jobs', join(folder, 'jobs'), '--job-workers', '3'] });

  const runs = async (): Promise<[coin: string, pid: number][]> => {
    const lines = (await readFile(join(folder, 'runs.log'), 'utf8')).trim().split('\n').filter(Boolean);
    return lines.map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]);
  };

  /** Kills the worker that began a job last. */
  const killWorker = async (): Promise<void> => {
    const pid = (await runs()).at(-1)?.[1];
    if (pid !== undefined) killQuietly(pid);
  };

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
      await killWorker();
      await sleep(life / 2);
      await server.kill();
      await coins;
    }
    const server = await start();
    try {
      const client = await Admin.of(server);
      await client.submit('bank.move', 'last');
      await expectAllMoved(client, [...acknowledged, 'last']);
      const begun = (await runs()).map(([coin]) => coin);
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
    const pidOf = async (): Promise<number | undefined> => (await runs()).find(([coin]) => coin === 'endless')?.[1];
    while ((await pidOf()) === undefined) await sleep(50);
    const pid = (await pidOf())!;
    expect(isAlive(pid)).toBe(true);
    await server.kill();
    while (isAlive(pid)) await sleep(50);
  });
});

/** Waits until nothing waits or runs, then counts the coins. */
async function expectAllMoved(client: Admin, acknowledged: readonly string[]): Promise<void> {
  const deadline = Date.now() + MAX_END_MS;
  let counts = await client.counts();
  while (counts.waiting + counts.running > 0 && Date.now() < deadline) {
    await sleep(200);
    counts = await client.counts();
  }
  expect(counts).toEqual({ waiting: 0, running: 0, dead: 0 });
  const { from, to, moves } = await client.bank();
  for (const coin of acknowledged) expect([coin, moves[coin]]).toEqual([coin, { in: 1, out: 1 }]);
  for (const [coin, move] of Object.entries(moves)) expect([coin, move]).toEqual([coin, { in: 1, out: 1 }]);
  expect([from, to]).toEqual([-Object.keys(moves).length, Object.keys(moves).length]);
}

interface Bank {
  readonly from: number;
  readonly to: number;
  readonly moves: Readonly<Record<string, { readonly in: number; readonly out: number }>>;
}

class Admin {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** Signs in; makes the account of the admin first if there is none. */
  static async of({ httpPort, dataDir }: ServerHandle): Promise<Admin> {
    const url = `http://127.0.0.1:${httpPort}`;
    const login = (): Promise<Response> =>
      fetch(`${url}/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ login: EMAIL, password: PASSWORD }),
      });
    let answer = await login();
    if (answer.status !== 200) {
      const made = await runBackside(['create-admin', EMAIL, '--data', dataDir], { input: `${PASSWORD}\n` });
      expect(made.code, made.stderr).toBe(0);
      answer = await login();
    }
    const { accessToken } = (await answer.json()) as { accessToken: string };
    return new Admin(url, accessToken);
  }

  /** Whether the job was taken. */
  async submit(name: string, coin: string): Promise<boolean> {
    const body = JSON.stringify({
      name,
      id: coin,
      data: { coin },
      attempts: 100,
      backoff: { delayMs: 50 },
    });
    const response = await this.#fetch('/.jobs', { method: 'POST', body });
    await response.text();
    return response.status === 201;
  }

  async counts(): Promise<{ waiting: number; running: number; dead: number }> {
    return (await (await this.#fetch('/.jobs/queues/default')).json()) as {
      waiting: number;
      running: number;
      dead: number;
    };
  }

  async bank(): Promise<Bank> {
    return (await (await this.#fetch('/bank.json')).json()) as Bank;
  }

  #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' };
    return fetch(this.#url + path, { ...init, headers });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
