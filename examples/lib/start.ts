// Starts a server and the pages of the folder that this is run in: start.ts NAME.rules.json
import { resolve } from 'node:path';
import { startBackside } from './backside-process.js';
import { servePages } from './pages.js';
import { stopOnSignal } from './stop-on-signal.js';

const [rules] = process.argv.slice(2);
if (rules === undefined) throw new Error('Say which rules file to serve');

const backside = await startBackside(resolve(rules), resolve('.data'));
const port = Number(process.env.PAGE_PORT ?? 8080);
const pages = await servePages({ folder: process.cwd(), backsideUrl: `ws://${backside.http}`, port });
stopOnSignal(async () => {
  await pages.close();
  await backside.stop();
});
console.log(`\nOpen ${pages.url} in two windows.`);
