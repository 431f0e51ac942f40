// Starts a server and some workers, each with an account of its own: npm start [-- WORKERS]
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { startBackside } from '../lib/backside-process.js';
import { becomeOperator } from '../lib/operator.js';
import { stopOnSignal } from '../lib/stop-on-signal.js';

const count = Number(process.argv[2] ?? 2);
const dataDir = resolve('.data');
const backside = await startBackside(resolve('node-worker.rules.json'), dataDir);
const operator = await becomeOperator(backside.http, dataDir);
const workers = await Promise.all(Array.from({ length: count }, startWorker));
stopOnSignal(async () => {
  await Promise.all(workers.map(end));
  await backside.stop();
});
console.log('\nIn another terminal, in this folder: npm run add -- 91 1000003 9007199254740881\n');

async function startWorker(): Promise<ChildProcess> {
  const name = `worker-${randomBytes(3).toString('hex')}`;
  const { username, password } = await operator.makeService(name, { role: 'worker' });
  return spawn(process.execPath, ['--import', 'tsx', '--conditions=source', 'worker.ts'], {
    stdio: 'inherit',
    env: {
      ...process.env,
      BACKSIDE_URL: `http://${backside.http}`,
      WORKER_NAME: username,
      WORKER_PASSWORD: password,
    },
  });
}

async function end(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const exit = once(worker, 'exit');
  worker.kill('SIGTERM');
  await exit;
}
