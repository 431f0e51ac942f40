import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { ServerHandle } from '../harness/server.js';
import { adminTokenOf } from './admin-token.js';

/** How long all jobs may take in the end: those of a dead server come back once its lease has lapsed. */
const MAX_END_MS = 60_000;
/** Whatever does not answer for so long hangs. */
const HANGS_MS = 30_000;

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
export async function tick(_data, { id, write }) {
  await write([{ method: 'set', path: '/ticks/' + id.split('-').at(-2), value: { '.sv': { increment: 1 } } }]);
}
export function loop({ coin }) {
  appendFileSync(LOG, coin + ' ' + process.pid + '\\n');
  for (;;);
}`;

/** A folder with the jobs of the bank, a place for the data of a server, and a list of the runs. */
export class BankFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<BankFolder> {
    const path = await mkdtemp(join(tmpdir(), 'jobs-bank-'));
    await mkdir(join(path, 'jobs'));
    await writeFile(join(path, 'jobs', 'bank.mjs'), BANK);
    await writeFile(join(path, 'runs.log'), '');
    return new BankFolder(path);
  }

  get jobs(): string {
    return join(this.path, 'jobs');
  }

  get data(): string {
    return join(this.path, 'data');
  }

  /** The jobs that were begun, in that order, and the process that each was begun in. */
  async runs(): Promise<[coin: string, pid: number][]> {
    const lines = (await readFile(join(this.path, 'runs.log'), 'utf8')).trim().split('\n').filter(Boolean);
    return lines.map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]);
  }

  /** Kills the worker that began a job last. */
  async killWorker(): Promise<void> {
    const pid = (await this.runs()).at(-1)?.[1];
    if (pid !== undefined) killQuietly(pid);
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}

/** Waits until all jobs that move coins are done, then counts the coins. */
export async function expectAllMoved(client: Admin, acknowledged: readonly string[]): Promise<void> {
  const left = async (): Promise<string[]> => {
    const states = await client.states('bank.move');
    for (const coin of acknowledged) if (!states.has(coin)) states.set(coin, 'unheard of');
    return [...states].filter(([, state]) => state !== 'done').map(([coin, state]) => `${coin} is ${state}`);
  };
  await vi.waitFor(async () => expect(await left()).toEqual([]), { timeout: MAX_END_MS, interval: 200 });
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

/** Whoever submits the jobs and looks at the bank. */
export class Admin {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** See `adminTokenOf`. */
  static async of(server: ServerHandle): Promise<Admin> {
    return new Admin(`http://127.0.0.1:${server.httpPort}`, await adminTokenOf(server));
  }

  /** Whether the job was taken, now or before. */
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
    return response.status === 201 || response.status === 200;
  }

  counts(): Promise<unknown> {
    return this.#json('/.jobs/queues/default');
  }

  /** The ids of the newest jobs, the newest first. */
  async list(): Promise<string[]> {
    const { jobs } = await this.#json<{ jobs: { id: string }[] }>('/.jobs');
    return jobs.map(({ id }) => id);
  }

  /** Of the jobs of a name, by id. */
  async states(name: string): Promise<Map<string, string>> {
    const jobs = await this.#json<Record<string, { name: string; state: string }> | null>('/jobs.json');
    const named = Object.entries(jobs ?? {}).filter(([, job]) => job.name === name);
    return new Map(named.map(([id, { state }]) => [id, state]));
  }

  bank(): Promise<Bank> {
    return this.#json('/bank.json');
  }

  /** How often the job of each tick has had its effect, by its time in milliseconds. */
  async ticks(): Promise<Readonly<Record<string, number>>> {
    return (await this.#json<Record<string, number> | null>('/ticks.json')) ?? {};
  }

  async #json<Answer>(path: string): Promise<Answer> {
    return (await (await this.#fetch(path)).json()) as Answer;
  }

  #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' };
    return fetch(this.#url + path, { ...init, headers, signal: AbortSignal.timeout(HANGS_MS) });
  }
}

export function isAlive(pid: number): boolean {
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
