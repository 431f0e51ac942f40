import { connect } from '@backside/sdk';
import { createAuth, memoryStorage } from '@backside/sdk/auth';
import { nodeSocket } from '@backside/sdk/node';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Entry, mergeWindow } from '../../examples/chat/history.js';
import { describeInChromium, launchChromium } from '../harness/chromium.js';
import { type RunningExample, runExample, type Visitor, visit } from '../harness/pages.js';

const PAGE = 30;

function entries(...ids: string[]): Entry[] {
  return ids.map((id) => ({ id, message: { by: 'u', name: 'n', text: id, time: 0 } }));
}

test('a moving window leaves what it has passed, unless something could be missing in between', () => {
  const ids = (list: readonly Entry[]): string => list.map(({ id }) => id).join('');
  expect(ids(mergeWindow(entries('a', 'b', 'c'), entries('b', 'c', 'd'), 3))).toBe('abcd');
  expect(ids(mergeWindow(entries('a', 'b', 'c'), entries('d', 'e', 'f'), 3))).toBe('def');
  expect(ids(mergeWindow(entries('a', 'b', 'c'), entries('b', 'd', 'e'), 3))).toBe('abde');
  expect(ids(mergeWindow(entries('a', 'b'), entries('b'), 3))).toBe('b');
  expect(ids(mergeWindow(entries('a', 'b'), [], 3))).toBe('');
  const later = entries('a').map(({ id, message }) => ({ id, message: { ...message, time: 1 } }));
  expect(ids(mergeWindow(entries('b', 'c', 'd'), [...entries('c', 'd'), ...later], 3))).toBe('bcda');
});

describeInChromium('chat', () => {
  let example: RunningExample;
  let browser: Browser;
  let ann: Visitor;
  let bob: Visitor;

  beforeAll(async () => {
    example = await runExample('chat');
    browser = await launchChromium();
    ann = await visit(browser, example.pageUrl);
    bob = await visit(browser, example.pageUrl);
    await ann.page.fill('#name', 'Ann');
    await bob.page.fill('#name', 'Bob');
  });
  afterAll(async () => {
    await browser?.close();
    await example?.close();
  });

  const messages = (page: Page): Locator => page.locator('#messages .message p');
  const say = async (page: Page, text: string): Promise<void> => {
    await page.fill('#text', text);
    await page.press('#text', 'Enter');
  };
  const said = async (page: Page, text: string): Promise<void> => {
    await messages(page).filter({ hasText: text }).waitFor();
  };
  const openRoom = async (name: string, announcements = false): Promise<string> => {
    await ann.page.fill('#room-name', name);
    await ann.page.setChecked('#room-announcements', announcements);
    await ann.page.press('#room-name', 'Enter');
    await ann.page.locator('#room-title', { hasText: name }).waitFor();
    await bob.page.locator('#rooms a', { hasText: name }).click();
    await bob.page.locator('#room-title', { hasText: name }).waitFor();
    return new URL(ann.page.url()).hash.slice(1);
  };
  let rooms = 0;
  let room = '';
  beforeEach(async () => {
    room = await openRoom(`Room ${++rooms}`);
  });

  test('what one says the other sees, with who is here and who types', async () => {
    await bob.page.locator('#people li', { hasText: 'Ann' }).waitFor();
    await ann.page.locator('#people li', { hasText: 'Bob' }).waitFor();
    await ann.page.fill('#text', 'Hel');
    await bob.page.locator('#typing', { hasText: 'Ann is typing' }).waitFor();
    await say(ann.page, 'Hello');
    await said(bob.page, 'Hello');
    await bob.page.locator('#typing', { hasNotText: 'typing' }).waitFor();
    await say(bob.page, 'Hi Ann');
    await said(ann.page, 'Hi Ann');
    expect(await messages(bob.page).allTextContents()).toEqual(['Hello', 'Hi Ann']);
    expect(await messages(ann.page).allTextContents()).toEqual(['Hello', 'Hi Ann']);
  });

  test('a refused message goes away again, and the notice names the trace of the refusal', async () => {
    await openRoom('News', true);
    await say(bob.page, 'May I?');
    const notice = bob.page.locator('.notice');
    await notice.waitFor();
    const link = notice.locator('a');
    expect(await link.textContent()).toMatch(/trace \S+/);
    await expect.poll(() => messages(bob.page).count()).toBe(0);
    const explained = await fetch((await link.getAttribute('href'))!, { headers: { accept: 'text/plain' } });
    expect(await explained.text()).toContain("child('announcements')");
    await say(ann.page, 'No');
    await said(bob.page, 'No');
    expect(await messages(ann.page).allTextContents()).toEqual(['No']);
    await notice.locator('button').click();
  });

  test('older messages come by pages, without a gap, while new ones arrive', async () => {
    await fillRoom(75);
    await said(bob.page, 'number 74');
    await bob.page.reload();
    await said(bob.page, 'number 74');
    expect(await messages(bob.page).count()).toBe(PAGE);
    await say(ann.page, 'live');
    await said(bob.page, 'live');
    for (let shown = PAGE + 1; shown < 76; ) {
      await bob.page.click('#older');
      shown = Math.min(76, shown + PAGE);
      await expect.poll(() => messages(bob.page).count()).toBe(shown);
    }
    await bob.page.locator('#older').waitFor({ state: 'hidden' });
    const all = Array.from({ length: 75 }, (_, index) => `number ${index}`);
    expect(await messages(bob.page).allTextContents()).toEqual([...all, 'live']);
  });

  test('a server that is killed and comes back is no reason to reload, and nothing is lost or doubled', async () => {
    const loaded = [await ann.loadedAt(), await bob.loadedAt()];
    await say(ann.page, 'before');
    await said(bob.page, 'before');
    await example.killServer();
    await ann.page.locator('#status:not([data-status="online"])').waitFor();
    await say(ann.page, 'meanwhile');
    await ann.page.locator('.message.pending', { hasText: 'meanwhile' }).waitFor();
    await example.startServer();
    await said(bob.page, 'meanwhile');
    await ann.page.locator('.message.pending').waitFor({ state: 'detached' });
    await say(bob.page, 'after');
    await said(ann.page, 'after');
    for (const { page } of [ann, bob]) {
      expect(await messages(page).allTextContents()).toEqual(['before', 'meanwhile', 'after']);
    }
    expect([await ann.loadedAt(), await bob.loadedAt()]).toEqual(loaded);
  });

  /** As somebody without a browser. */
  async function fillRoom(count: number): Promise<void> {
    const url = `http://${example.http}`;
    const db = connect(url, { socket: nodeSocket });
    const auth = createAuth(db, { url, storage: memoryStorage() });
    const { uid } = await auth.signInAnonymously();
    const time = { '.sv': 'timestamp' };
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        db.push(`/messages/${room}`, { by: uid, name: 'Carl', text: `number ${index}`, time }),
      ),
    );
    auth.close();
    await db.close();
  }
});
