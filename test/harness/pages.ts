import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { servePages } from '../../examples/lib/pages.js';
import { type ServerHandle, startServer } from './server.js';

/** One of the examples, as its `npm start` runs it, on free ports and a new data folder. */
export interface RunningExample {
  /** Where its page is. */
  readonly pageUrl: string;
  readonly dataDir: string;
  /** `HOST:PORT`. */
  readonly http: string;
  readonly tcpPort: number;
  /** Ends the server with SIGKILL; the pages go on. */
  killServer(): Promise<void>;
  /** Starts it again, on the same ports and data. */
  startServer(): Promise<void>;
  close(): Promise<void>;
}

/** Runs examples/NAME with its rules. */
export async function runExample(name: string): Promise<RunningExample> {
  const folder = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  const dataDir = await mkdtemp(join(tmpdir(), `backside-${name}-`));
  const flags = ['--anonymous', '--rules', join(folder, `${name}.rules.json`)];
  let server: ServerHandle = await startServer({ dataDir, args: flags });
  const { httpPort, tcpPort } = server;
  const pages = await servePages({ folder, backsideUrl: `ws://127.0.0.1:${httpPort}` });
  return {
    pageUrl: pages.url,
    dataDir,
    http: `127.0.0.1:${httpPort}`,
    tcpPort,
    killServer: () => server.kill(),
    async startServer() {
      const ports = ['--port', String(httpPort), '--tcp-port', String(tcpPort)];
      server = await startServer({ dataDir, args: [...flags, ...ports] });
    },
    async close() {
      await pages.close();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** How long anything on a page may take before the test fails. */
const STEP_TIMEOUT_MS = 20_000;

/** A visitor with a browser profile of their own. */
export interface Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  /** When the page was loaded, which stays what it was unless the page is loaded again. */
  loadedAt(): Promise<number>;
}

/** Opens the page in a new context. */
export async function visit(browser: Browser, url: string): Promise<Visitor> {
  const context = await browser.newContext();
  context.setDefaultTimeout(STEP_TIMEOUT_MS);
  const page = await context.newPage();
  await page.goto(url);
  return { page, context, loadedAt: () => page.evaluate(() => performance.timeOrigin) };
}
