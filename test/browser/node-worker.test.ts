import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Backside, connect } from '@backside/sdk';
import { nodeSocket } from '@backside/sdk/node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { becomeOperator, type Operator } from '../../examples/lib/operator.js';
import { primeFactors } from '../../examples/node-worker/factors.js';
import type { Job, JobSchema } from '../../examples/node-worker/schema.js';
import { type ServerHandle, startServer } from '../harness/server.js';

const FOLDER = fileURLToPath(new URL('../../examples/node-worker', import.meta.url));
/** Primes, each of which takes a worker some tenths of a second. */
const SLOW = [9007199254740881, 9007199254740847, 9007199254740761, 9007199254740727];

let server: ServerHandle;
let operator: Operator;
let db: Backside<JobSchema>;
const workers = new Map<string, ChildProcess>();

beforeAll(async () => {
  server = await startServer({ args: ['--rules', `${FOLDER}/node-worker.rules.json`] });
  operator = await becomeOperator(`127.0.0.1:${server.httpPort}`, server.dataDir);
  db = connect<JobSchema>(server.url, { socket: nodeSocket });
  await Promise.all(['worker-a', 'worker-b'].map(startWorker));
});
afterAll(async () => {
  for (const worker of workers.values()) worker.kill('SIGKILL');
  await db?.close();
  await server?.stop();
});

async function startWorker(name: string): Promise<void> {
  const { username, password } = await operator.makeService(name, { role: 'worker' });
  const worker = spawn(process.execPath, ['--import', 'tsx', '--conditions=source', 'worker.ts'], {
    cwd: FOLDER,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      BACKSIDE_URL: `http://127.0.0.1:${server.httpPort}`,
      WORKER_NAME: username,
      WORKER_PASSWORD: password,
    },
  });
  workers.set(name, worker);
  await new Promise<void>((resolve, reject) => {
    worker.stdout.once('data', () => resolve());
    worker.once('exit', (code) => reject(new Error(`${name} ended with ${String(code)}`)));
  });
}

/** The job once it is in this state, or further. */
async function jobIn(path: string, states: readonly Job['state'][]): Promise<Job> {
  for await (const snapshot of db.ref('/jobs').child(path).changes()) {
    const job = snapshot.val();
    if (job !== null && states.includes(job.state)) return job;
  }
  throw new Error('the listen ended');
}

async function add(number: number): Promise<string> {
  const job = await db.ref('/jobs').push({ number, state: 'waiting' });
  return job.key!;
}

test('numbers are taken apart', async () => {
  expect(await primeFactors(2)).toEqual([2]);
  expect(await primeFactors(360)).toEqual([2, 2, 2, 3, 3, 5]);
  expect(await primeFactors(9007199254740991)).toEqual([6361, 69431, 20394401]);
});

test('an operator is made on the folder of the server, whatever server the environment names', async () => {
  vi.stubEnv('BACKSIDE_URL', 'http://127.0.0.1:9');
  vi.stubEnv('BACKSIDE_PASSWORD', 'of somebody else');
  const another = await becomeOperator(`127.0.0.1:${server.httpPort}`, server.dataDir);
  vi.unstubAllEnvs();
  expect(await another.makeService('worker-c', { role: 'worker' })).toMatchObject({ username: 'worker-c' });
});

test('nobody but a worker takes up a job', async () => {
  const forged = db.ref('/jobs').push({ number: 4, state: 'claimed', worker: 'worker-a' });
  await expect(Promise.resolve(forged)).rejects.toMatchObject({ code: 'permission-denied' });
});

test('every job is done, also that of a worker who dies', async () => {
  const jobs = await Promise.all([...SLOW, 91].map(add));
  const { worker: victim } = await Promise.any(jobs.map((id) => jobIn(id, ['claimed'])));
  workers.get(victim!)!.kill('SIGKILL');
  const done = await Promise.all(jobs.map((id) => jobIn(id, ['done'])));
  expect(done.map(({ factors }) => factors)).toEqual([...SLOW.map(String), '7 × 13']);
  const survivor = victim === 'worker-a' ? 'worker-b' : 'worker-a';
  expect(done.map(({ worker }) => worker)).toContain(survivor);
});
