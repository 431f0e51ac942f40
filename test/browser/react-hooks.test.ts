import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PageServer, servePages } from '../../examples/lib/pages.js';
import { type AnySchema, connect, type Database } from '../../sdk/src/index.js';
import { nodeSocket } from '../../sdk/src/node/socket.js';
import { describeInChromium, launchChromium } from '../harness/chromium.js';
import { type ServerHandle, startServer } from '../harness/server.js';

const FOLDER = fileURLToPath(new URL('./react-probe', import.meta.url));

/** The STOMP frames in one websocket message. */
function framesOf(message: string | Buffer): string[] {
  return String(message)
    .split('\0')
    .map((frame) => frame.trimStart());
}

/** The page runs React's development build in StrictMode, which mounts every component twice. */
describeInChromium('the React hooks', () => {
  let server: ServerHandle;
  let pages: PageServer;
  let browser: Browser;
  let db: Database;
  let page: Page;
  const sent: string[] = [];
  const errors: string[] = [];

  const frames = (command: string, path: string): string[] =>
    sent.filter((frame) => frame.startsWith(command) && frame.includes(`\ndestination:${path}\n`));

  beforeAll(async () => {
    server = await startServer();
    const url = `ws://127.0.0.1:${server.httpPort}`;
    pages = await servePages({ folder: FOLDER, backsideUrl: url });
    db = connect<AnySchema>(url, { socket: nodeSocket });
    await db.set('/', {
      shared: 1,
      pair: { left: 0, right: 0 },
      list: { a: { rank: 3 }, b: { rank: 1 }, c: { rank: 2 } },
    });
    browser = await launchChromium();
    page = await browser.newPage();
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => void sent.push(...framesOf(payload))));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(pages.url);
    await page.locator('.value', { hasText: '1 confirmed' }).first().waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await db?.close();
    await pages?.close();
    await server?.stop();
  });

  test('two components, each mounted twice, cost one listen', async () => {
    expect(await page.locator('.value').allInnerTexts()).toEqual(['1 confirmed', '1 confirmed']);
    expect(frames('SUBSCRIBE', '/shared')).toHaveLength(1);
    expect(frames('SUBSCRIBE', '/list')).toHaveLength(1);
  });

  test('the listen ends with the last component, and begins anew with the next', async () => {
    const id = /\nid:(.*)\n/.exec(frames('SUBSCRIBE', '/shared')[0]!)![1]!;
    const ended = (): string[] =>
      sent.filter((frame) => frame.startsWith('UNSUBSCRIBE') && frame.includes(`\nid:${id}\n`));
    expect(ended()).toEqual([]);
    await page.click('button');
    await expect.poll(ended, { timeout: 20_000 }).toHaveLength(1);
    await db.set('/shared', 2);
    await page.click('button');
    await page.locator('.value', { hasText: '2 confirmed' }).first().waitFor();
    expect(frames('SUBSCRIBE', '/shared')).toHaveLength(2);
  });

  test('hooks of one drawing never show different commits', async () => {
    const writes = Array.from({ length: 200 }, (_, index) => db.update('/pair', { left: index + 1, right: index + 1 }));
    await Promise.all(writes);
    await page.locator('#pair', { hasText: '200 200' }).waitFor();
    expect(await page.evaluate('observed.torn')).toBe(0);
  });

  test('of a list only the item that changed is drawn again', async () => {
    expect(await page.locator('li').allInnerTexts()).toEqual(['{"rank":1}', '{"rank":2}', '{"rank":3}']);
    const before = (await page.evaluate('({ ...observed.drawn })')) as Record<string, number>;
    await db.set('/list/b/rank', 9);
    await page.locator('li', { hasText: '9' }).waitFor();
    expect(await page.locator('li').allInnerTexts()).toEqual(['{"rank":2}', '{"rank":3}', '{"rank":9}']);
    const after = (await page.evaluate('({ ...observed.drawn })')) as Record<string, number>;
    expect(after).toEqual({ ...before, b: expect.any(Number) });
    expect(after.b).toBeGreaterThan(before.b!);
  });

  test('nothing was reported on the console', async () => {
    expect(await page.locator('#status').innerText()).toBe('online');
    expect(errors).toEqual([]);
  });
});
