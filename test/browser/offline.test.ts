import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '@backside/sdk';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeInChromium, launchChromium, type PageServer, servePages } from '../harness/chromium.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { storedRecords } from '../harness/stored-records.js';

/** Connects to the server that the address names, and keeps what it is told of `/notes`. */
const NOTES_PAGE = `
  import { connect } from '@backside/sdk';
  import { indexedDb } from '@backside/sdk/offline';

  const db = connect(new URL(location.href).searchParams.get('server'), { persistence: indexedDb() });
  const told = [];
  db.on('/notes', (value, { state }) => told.push({ value, state }), { states: true });
  Object.assign(window, { db, told, noted: [] });
`;

interface Told {
  readonly value: unknown;
  readonly state: string;
}

interface Noted {
  readonly what: string;
  readonly at: number;
}

type NotesWindow = { readonly db: Database; readonly told: readonly Told[]; readonly noted: Noted[] };

/** What the page was told last. */
async function latest(page: Page): Promise<Told | null> {
  return page.evaluate(() => (window as unknown as NotesWindow).told.at(-1) ?? null);
}

/** What has happened to the connection, and when, in milliseconds. */
function notedBy(page: Page): Promise<readonly Noted[]> {
  return page.evaluate(() => (window as unknown as NotesWindow).noted);
}

async function shows(page: Page, value: unknown): Promise<void> {
  await expect.poll(async () => (await latest(page))?.value, { timeout: 30_000 }).toEqual(value);
}

/** Writes and waits for the answer. */
function set(page: Page, path: string, value: unknown): Promise<unknown> {
  return page.evaluate(([at, data]) => (window as unknown as NotesWindow).db.set(at as string, data as string), [
    path,
    value,
  ] as const);
}

/** Writes without waiting for an answer, but until the write is stored. */
async function queue(page: Page, path: string, value: unknown): Promise<void> {
  const before = (await storedRecords(page, 'w/')).length;
  await page.evaluate(
    ([at, data]) => {
      const pushed = (window as unknown as NotesWindow).db.push(at as string, data as string);
      pushed.catch(() => undefined);
    },
    [path, value] as const,
  );
  await expect.poll(async () => (await storedRecords(page, 'w/')).length, { timeout: 30_000 }).toBe(before + 1);
}

/** Waits until the storage of the page holds this of `/notes`. */
async function stores(page: Page, text: string): Promise<void> {
  await expect.poll(async () => (await storedRecords(page, 'l//notes')).join(), { timeout: 30_000 }).toContain(text);
}

/** As the browser's own page does that clears what sites have stored. */
async function clearSiteData(page: Page, origin: string): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
}

async function deleteDatabases(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (const { name } of await indexedDB.databases()) {
      await new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase(name!);
        request.onsuccess = resolve;
        request.onerror = reject;
      });
    }
  });
}

describeInChromium('offline, in Chromium', () => {
  let browser: Browser;
  let pages: PageServer;
  let dataDir: string;
  let server: ServerHandle;
  let context: BrowserContext;
  /** The pages that have opened a websocket, in the order in which they did. */
  let connected: Page[];

  beforeAll(async () => {
    [browser, pages] = await Promise.all([launchChromium(), servePages({ notes: { module: NOTES_PAGE } })]);
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), pages?.close()]);
  });
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'backside-offline-'));
    server = await startServer({ dataDir });
    context = await browser.newContext();
    connected = [];
  });
  afterEach(async () => {
    await context.close();
    await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  });

  function address(): string {
    return `${pages.origin}/notes?server=${encodeURIComponent(`ws://127.0.0.1:${server.httpPort}`)}`;
  }

  async function openPage(): Promise<Page> {
    const page = await context.newPage();
    page.on('websocket', () => connected.push(page));
    await page.goto(address());
    return page;
  }

  /** The server as it was, on the same port. */
  async function restartServer(): Promise<void> {
    server = await startServer({ dataDir, args: ['--port', String(server.httpPort)] });
  }

  /** What the server has, asked through a browser of its own. */
  async function onServer(): Promise<unknown> {
    const other = await browser.newContext();
    const page = await other.newPage();
    await page.goto(address());
    const value = await page.evaluate(() => (window as unknown as NotesWindow).db.get('/notes'));
    await other.close();
    return value;
  }

  test('a page that is loaded again while offline shows what it knew', async () => {
    const page = await openPage();
    await set(page, '/notes/a', 'one');
    await stores(page, '"a":"one"');
    const html = await (await fetch(address())).text();
    await context.route(`${pages.origin}/**`, (route) => route.fulfill({ body: html, contentType: 'text/html' }));
    await context.setOffline(true);
    await page.reload();
    await shows(page, { a: 'one' });
    expect((await latest(page))?.state).toBe('cached');
    await context.unrouteAll();
    await context.setOffline(false);
    await page.reload();
    await expect.poll(async () => (await latest(page))?.state, { timeout: 30_000 }).toBe('confirmed');
  });

  test('a page that ends stores what it knew until then', async () => {
    const page = await openPage();
    await set(page, '/notes/a', 'one');
    await stores(page, '"a":"one"');
    await page.evaluate(() => {
      // What would be saved some time later is not, if nothing else saves it.
      Object.assign(window, { setTimeout: () => 0 });
    });
    await set(page, '/notes/b', 'two');
    expect((await storedRecords(page, 'l//notes')).join()).not.toContain('two');
    await server.kill();
    await page.reload();
    await shows(page, { a: 'one', b: 'two' });
    expect((await latest(page))?.state).toBe('cached');
  });

  test('a page whose network goes is offline at once, long before silence would tell', async () => {
    const page = await openPage();
    await set(page, '/notes/a', 'one');
    await page.evaluate(() => {
      const { db, noted } = window as unknown as NotesWindow;
      addEventListener('offline', () => noted.push({ what: 'gone', at: performance.now() }));
      db.onStatus((what) => noted.push({ what, at: performance.now() }));
    });
    await context.setOffline(true);
    const first = async (wanted: string): Promise<number | undefined> =>
      (await notedBy(page)).find(({ what }) => what === wanted)?.at;
    await expect.poll(() => first('offline'), { timeout: 30_000 }).toBeDefined();
    // Heart-beats are 15 s apart, and a question that nobody answers takes 5 s.
    expect((await first('offline'))! - (await first('gone'))!).toBeLessThan(2_500);
    await context.setOffline(false);
    await expect.poll(async () => (await notedBy(page)).at(-1)?.what, { timeout: 60_000 }).toBe('online');
    await set(page, '/notes/b', 'two');
    await shows(page, { a: 'one', b: 'two' });
  });

  test('what was written without a server survives the page, and is made once', async () => {
    const page = await openPage();
    await set(page, '/notes', {});
    await stores(page, '"node":null');
    await server.kill();
    await queue(page, '/notes', 'first');
    await queue(page, '/notes', 'second');
    await page.reload();
    await expect.poll(async () => Object.values((await latest(page))?.value ?? {})).toEqual(['first', 'second']);
    await page.close();
    const again = await openPage();
    await expect.poll(async () => Object.values((await latest(again))?.value ?? {})).toEqual(['first', 'second']);
    expect((await latest(again))?.state).toBe('pending');
    await restartServer();
    await expect.poll(async () => (await latest(again))?.state, { timeout: 60_000 }).toBe('confirmed');
    await expect.poll(async () => (await storedRecords(again, 'w/')).length, { timeout: 30_000 }).toBe(0);
    expect(Object.values((await onServer()) as object)).toEqual(['first', 'second']);
  });

  test.each([
    ['by the user', (page: Page) => clearSiteData(page, pages.origin)],
    ['by another page', async () => deleteDatabases(await openPage())],
  ])('a page whose stored data is deleted %s goes on and stores anew', async (_by, deleteAll) => {
    const page = await openPage();
    await set(page, '/notes', { a: 'one' });
    await stores(page, '"a":"one"');
    await deleteAll(page);
    await set(page, '/notes/b', 'two');
    await stores(page, '"b":"two"');
    await server.kill();
    await page.reload();
    await shows(page, { a: 'one', b: 'two' });
  });

  test.each([
    ['has none', 'Object.defineProperty(globalThis, "indexedDB", { value: undefined })'],
    ['forbids it', 'IDBFactory.prototype.open = () => { throw new DOMException("denied", "SecurityError"); }'],
  ])('without a database, because the browser %s, everything goes on but the storage', async (_why, script) => {
    await context.addInitScript(script);
    const warned: string[] = [];
    context.on('console', (message) => warned.push(message.text()));
    const page = await openPage();
    await set(page, '/notes/a', 'one');
    await shows(page, { a: 'one' });
    expect(warned.join()).toContain('nothing outlives this page');
  });

  test('tabs share one connection, which another takes over when its tab is closed', async () => {
    const first = await openPage();
    await set(first, '/notes/a', 1);
    const second = await openPage();
    const third = await openPage();
    await set(second, '/notes/b', 2);
    await set(third, '/notes/c', 3);
    for (const page of [first, second, third]) await shows(page, { a: 1, b: 2, c: 3 });
    expect(connected).toEqual([first]);
    await first.close();
    await set(second, '/notes/d', 4);
    await set(third, '/notes/e', 5);
    for (const page of [second, third]) await shows(page, { a: 1, b: 2, c: 3, d: 4, e: 5 });
    expect(connected.length).toBe(2);
  });

  test('what a closed tab had queued is sent by another', async () => {
    const first = await openPage();
    const second = await openPage();
    await set(second, '/notes', {});
    await server.kill();
    await queue(second, '/notes', 'of the second');
    await queue(first, '/notes', 'of the first');
    await first.close();
    await second.close();
    const third = await openPage();
    await restartServer();
    await expect.poll(async () => (await storedRecords(third, 'w/')).length, { timeout: 60_000 }).toBe(0);
    const values = Object.values((await onServer()) as object);
    expect(values.sort()).toEqual(['of the first', 'of the second']);
  });

  test('a queued write of a leader that is closed reaches the server through the tab that stays', async () => {
    const first = await openPage();
    await set(first, '/notes', {});
    const second = await openPage();
    await shows(second, null);
    await server.kill();
    await queue(first, '/notes', 'left behind');
    await first.close();
    await restartServer();
    await expect
      .poll(async () => Object.values((await latest(second))?.value ?? {}), { timeout: 60_000 })
      .toEqual(['left behind']);
    await expect.poll(async () => (await storedRecords(second, 'w/')).length, { timeout: 30_000 }).toBe(0);
  });
});
