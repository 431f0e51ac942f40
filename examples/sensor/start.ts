// Starts a server, makes the credentials of one device, and serves the page: npm start
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { startBackside } from '../lib/backside-process.js';
import { becomeOperator } from '../lib/operator.js';
import { servePages } from '../lib/pages.js';
import { stopOnSignal } from '../lib/stop-on-signal.js';

const dataDir = resolve('.data');
const credentials = resolve('.data/device.env');

const backside = await startBackside(resolve('sensor.rules.json'), dataDir);
await makeCredentials();
const port = Number(process.env.PAGE_PORT ?? 8080);
const pages = await servePages({ folder: process.cwd(), backsideUrl: `ws://${backside.http}`, port });
stopOnSignal(async () => {
  await pages.close();
  await backside.stop();
});
console.log(`
Open ${pages.url}, and in another terminal, in this folder, be the device:

  set -a; . .data/device.env; set +a
  python3 device.py        # needs: pip install stomp.py
  ./device.sh              # needs: nc
`);

/** Writes the device's file of environment variables, readable by its owner alone, unless it is there from an earlier start. */
async function makeCredentials(): Promise<void> {
  const old = await readFile(credentials, 'utf8').catch(() => '');
  const [host, tcpPort] = backside.stomp.split(':');
  const known = /DEVICE_KEY=.*\nDEVICE_SECRET=.*\n/.exec(old)?.[0];
  const secrets = known ?? (await newSecrets());
  await writeFile(credentials, `STOMP_HOST=${host}\nSTOMP_PORT=${tcpPort}\n${secrets}`, { mode: 0o600 });
}

async function newSecrets(): Promise<string> {
  const operator = await becomeOperator(backside.http, dataDir);
  const { key, secret } = await operator.makeDevice('sensor', { role: 'sensor' });
  return `DEVICE_KEY=${key}\nDEVICE_SECRET=${secret}\n`;
}
