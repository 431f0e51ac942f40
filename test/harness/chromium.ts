import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { describe } from 'vitest';

const EXECUTABLE = '/usr/bin/chromium';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A `describe` for tests that need Chromium. Where there is none they are skipped with one line that says so, or fail if
 * REQUIRE_SERVICES=1.
 */
export function describeInChromium(name: string, body: () => void): void {
  const found = existsSync(EXECUTABLE);
  if (!found && process.env.REQUIRE_SERVICES === '1') throw new Error(`${EXECUTABLE} is missing`);
  if (!found) process.stderr.write(`skipped, for there is no ${EXECUTABLE}: ${name}\n`);
  describe.skipIf(!found)(name, body);
}

/** Starts Chromium with a profile of its own. Pages of one context share storage, locks and channels, as tabs do. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

/** A page of `servePages`. */
export interface PageSource {
  /** The module that the page runs, TypeScript or JavaScript, as an absolute path or its text. Text may import from the workspace. */
  readonly module: string;
  /** What the body holds before that. Default nothing. */
  readonly body?: string;
}

/** A web server for pages, on loopback. */
export interface PageServer {
  /** `http://127.0.0.1:PORT`; the page NAME is at `/NAME`. */
  readonly origin: string;
  close(): Promise<void>;
}

/** Bundles each page's module from the sources and serves the pages by their names. */
export async function servePages(pages: Readonly<Record<string, PageSource>>): Promise<PageServer> {
  const entries = Object.entries(pages).map(
    async ([name, page]): Promise<[string, string]> => [`/${name}`, await htmlOf(page)],
  );
  const files = new Map(await Promise.all(entries));
  const server = createServer((request, response) => {
    const html = files.get(new URL(request.url!, 'http://localhost').pathname);
    response.writeHead(html === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, close: () => closeServer(server) };
}

async function htmlOf({ module, body = '' }: PageSource): Promise<string> {
  const script = (await bundle(module)).replaceAll('</script', '<\\/script');
  return `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body>${body}<script type="module">${script}</script></body>`;
}

/** The module with all that it imports, as one browser module. */
async function bundle(module: string): Promise<string> {
  const isFile = module.startsWith('/') && !module.includes('\n');
  const { outputFiles } = await build({
    ...(isFile
      ? { entryPoints: [module] }
      : { stdin: { contents: module, resolveDir: ROOT, loader: 'ts', sourcefile: 'page.ts' } }),
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    conditions: ['source'],
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
}
