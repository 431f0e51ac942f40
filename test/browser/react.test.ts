import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PageServer, servePages } from '../../examples/lib/pages.js';
import { describeInChromium, launchChromium } from '../harness/chromium.js';
import { type Visitor, visit } from '../harness/pages.js';
import { type ServerHandle, startServer } from '../harness/server.js';

const FOLDER = fileURLToPath(new URL('../../examples/react-todo', import.meta.url));
const FLAGS = ['--anonymous', '--sign-up', '--rules', `${FOLDER}/react-todo.rules.json`];

const todos = (page: Page): Locator => page.locator('.todos li');
const todo = (page: Page, text: string): Locator => todos(page).filter({ hasText: text });
const add = async (page: Page, text: string): Promise<void> => {
  await page.fill('#new-todo', text);
  await page.press('#new-todo', 'Enter');
};
const isDone = (page: Page, text: string, done: boolean): Promise<void> =>
  todo(page, text)
    .and(page.locator(`[data-done="${done}"]`))
    .waitFor();

async function enter(page: Page, button: string, name: string): Promise<void> {
  await page.fill('[name=username]', name);
  await page.fill('[name=password]', 'correct horse battery');
  await page.click(`button[value=${button}]`);
  await page.locator('#new-todo').waitFor();
}

describeInChromium('the to-do list in React', () => {
  let dataDir: string;
  let server: ServerHandle;
  let pages: PageServer;
  let browser: Browser;
  let one: Visitor;
  let two: Visitor;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'backside-react-'));
    server = await startServer({ dataDir, args: FLAGS });
    pages = await servePages({ folder: FOLDER, backsideUrl: `ws://127.0.0.1:${server.httpPort}` });
    browser = await launchChromium();
    one = await visit(browser, pages.url);
    two = await visit(browser, pages.url);
    await enter(one.page, 'sign-up', 'ann');
    await enter(two.page, 'sign-in', 'ann');
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
    await server?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  test('two browsers of one user stay in step', async () => {
    await add(one.page, 'milk');
    await todo(two.page, 'milk').waitFor();
    await add(two.page, 'bread');
    await todo(one.page, 'bread').waitFor();
    await todo(one.page, 'milk').getByRole('checkbox').check();
    await isDone(two.page, 'milk', true);
    expect(await todos(two.page).allInnerTexts()).toEqual(await todos(one.page).allInnerTexts());
    await todo(two.page, 'bread').getByRole('button').click();
    await todo(one.page, 'bread').waitFor({ state: 'detached' });
  });

  test('presence knows both windows, once each', async () => {
    await one.page.locator('.windows', { hasText: 'in 2 windows' }).waitFor();
    await two.page.locator('.windows', { hasText: 'in 2 windows' }).waitFor();
  });

  test('a write that the rules refuse is taken back, with its trace', async () => {
    const before = await todos(one.page).count();
    await add(one.page, 'x'.repeat(121));
    await one.page.locator('.notice code').waitFor();
    expect(await todos(one.page).count()).toBe(before);
    expect(await todos(two.page).count()).toBe(before);
  });

  test('the server may be killed and started again: nothing lost, doubled, or loaded again', async () => {
    const loaded = [await one.loadedAt(), await two.loadedAt()];
    await server.kill();
    await one.page.locator('.status:not([data-status=online])').waitFor();
    await add(one.page, 'written while it was away');
    await todo(one.page, 'written while it was away').waitFor();
    await one.page.locator('footer', { hasText: 'saving' }).waitFor();
    const ports = ['--port', String(server.httpPort), '--tcp-port', String(server.tcpPort)];
    server = await startServer({ dataDir, args: [...FLAGS, ...ports] });
    await todo(two.page, 'written while it was away').waitFor();
    await one.page.locator('footer', { hasNotText: 'saving' }).waitFor();
    for (const { page } of [one, two]) expect(await todo(page, 'written while it was away').count()).toBe(1);
    expect([await one.loadedAt(), await two.loadedAt()]).toEqual(loaded);
  });

  test('signing out ends what is shown here, and leaves the other window alone', async () => {
    await one.page.getByRole('button', { name: 'Sign out' }).click();
    await one.page.locator('button[value=guest]').click();
    await one.page.locator('footer', { hasText: '0 to do, 0 done' }).waitFor();
    expect(await todos(one.page).count()).toBe(0);
    expect(await todos(two.page).count()).toBeGreaterThan(0);
  });
});
