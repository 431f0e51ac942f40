import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { type BuildContext, context } from 'esbuild';

/** What a page may consist of beside `index.html`, whichever of these a folder has. */
const ENTRIES = ['main.ts', 'main.tsx', 'style.css', 'service-worker.js'];

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

export interface PageOptions {
  /** A folder with `index.html` and some of `main.ts` or `main.tsx`, `style.css`, `service-worker.js`. */
  readonly folder: string;
  /** The `BACKSIDE_URL` that the pages connect to, such as `ws://127.0.0.1:5000`. */
  readonly backsideUrl: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

export interface PageServer {
  /** `http://127.0.0.1:PORT/`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves one folder's pages on loopback. They are bundled anew whenever `index.html` is asked for, so that a reload shows
 * what was saved; what does not compile is shown in the place of the page.
 */
export async function servePages({ folder, backsideUrl, port = 0 }: PageOptions): Promise<PageServer> {
  const bundler = await context({
    entryPoints: ENTRIES.map((name) => join(folder, name)).filter(existsSync),
    outdir: folder,
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    sourcemap: 'inline',
    jsx: 'automatic',
    conditions: ['source'],
    define: { BACKSIDE_URL: JSON.stringify(backsideUrl), 'process.env.NODE_ENV': '"development"' },
    logLevel: 'silent',
  });
  const site = createSite(folder, bundler);
  const server = createServer((request, response) => void answer(site, request, response));
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await bundler.dispose();
    },
  };
}

/** The file of a name as it is to be sent; null if there is none. */
type Site = (name: string) => Promise<Uint8Array | null>;

function createSite(folder: string, bundler: BuildContext): Site {
  let files: Promise<Map<string, Uint8Array>> | null = null;
  return async (name) => {
    if (files === null || name === 'index.html') files = build(bundler);
    const built = await files;
    return name === 'index.html' ? readFile(join(folder, name)) : (built.get(name) ?? null);
  };
}

async function build(bundler: BuildContext): Promise<Map<string, Uint8Array>> {
  const { outputFiles = [] } = await bundler.rebuild();
  return new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]));
}

async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const name = pathname === '/' ? 'index.html' : pathname.slice(1);
  try {
    const content = await site(name);
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
    response.writeHead(content === null ? 404 : 200, { 'content-type': type, 'cache-control': 'no-cache' });
    response.end(content);
  } catch (error) {
    response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(error instanceof Error ? error.message : String(error));
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
