import { connect } from '@backside/sdk';
import { nodeSocket } from '@backside/sdk/node';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rankAt, rankBetween } from '../../examples/board/rank.js';
import { describeInChromium, launchChromium } from '../harness/chromium.js';
import { type RunningExample, runExample, type Visitor, visit } from '../harness/pages.js';
import { storedRecords } from '../harness/stored-records.js';

describe('ranks', () => {
  test('there is one between any two, at both ends, and among equal ones', () => {
    const ranks: string[] = [];
    for (let count = 0; count < 2_000; count++) {
      const index = (count * 7919) % (count + 1);
      ranks.splice(index, 0, rankAt(ranks, index));
    }
    expect(ranks).toEqual([...new Set(ranks)].sort());
    expect(ranks.filter((rank) => !/^[0-9a-z]*[1-9a-z]$/.test(rank))).toEqual([]);
    expect(rankAt(['b', 'b', 'c'], 1) > 'b').toBe(true);
    expect(rankAt(['b', 'b', 'c'], 1) < 'c').toBe(true);
    expect(() => rankBetween('b', 'b')).toThrow(RangeError);
  });

  test('stay short where cards are always put to the same end', () => {
    let [first, last]: [string | null, string] = [null, ''];
    for (let count = 0; count < 300; count++) {
      first = rankBetween('', first);
      last = rankBetween(last, null);
    }
    expect(Math.max(first!.length, last.length)).toBeLessThan(25);
  });
});

describeInChromium('board', () => {
  let example: RunningExample;
  let browser: Browser;
  let ann: Visitor;
  let bob: Visitor;

  beforeAll(async () => {
    example = await runExample('board');
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await example?.close();
  });
  let boards = 0;
  beforeEach(async () => {
    const url = `${example.pageUrl}#board-${++boards}`;
    await ann?.context.close();
    await bob?.context.close();
    ann = await visit(browser, url);
    bob = await visit(browser, url);
    for (const { page } of [ann, bob]) await page.locator('#status[data-status="online"]').waitFor();
  });

  const column = (page: Page, name: string): Locator => page.locator(`.column[aria-label="${name}"]`);
  const cardIn = (page: Page, name: string, title: string): Locator =>
    column(page, name).locator('.card', { hasText: title });
  const titlesIn = (page: Page, name: string): Promise<string[]> =>
    column(page, name).locator('.card span').allTextContents();
  const add = async (page: Page, name: string, title: string): Promise<void> => {
    await column(page, name).locator('form input').fill(title);
    await column(page, name).locator('form input').press('Enter');
    await cardIn(page, name, title).waitFor();
  };
  const rename = async (page: Page, from: string, to: string): Promise<void> => {
    const title = page.locator('.card span', { hasText: from });
    await title.fill(to);
    await page.keyboard.press('Enter');
  };
  const boardOf = async (page: Page): Promise<Record<string, string[]>> => ({
    todo: await titlesIn(page, 'To do'),
    doing: await titlesIn(page, 'Doing'),
    done: await titlesIn(page, 'Done'),
  });
  /** Waits until both pages show this board and all of it is the server's. */
  const bothShow = async (expected: Record<string, string[]>): Promise<void> => {
    for (const { page } of [ann, bob]) {
      await expect.poll(() => boardOf(page), { timeout: 20_000 }).toEqual(expected);
      await expect.poll(() => page.locator('#waiting').textContent(), { timeout: 20_000 }).toBe('');
    }
  };

  test('a card that is added, dragged, renamed or removed here changes there', async () => {
    await add(ann.page, 'To do', 'One');
    await add(ann.page, 'To do', 'Two');
    await cardIn(bob.page, 'To do', 'Two').waitFor();
    await cardIn(bob.page, 'To do', 'One').dragTo(column(bob.page, 'Doing').locator('.cards'));
    await bothShow({ todo: ['Two'], doing: ['One'], done: [] });
    await cardIn(ann.page, 'To do', 'Two').dragTo(cardIn(ann.page, 'Doing', 'One'), {
      targetPosition: { x: 20, y: 2 },
    });
    await bothShow({ todo: [], doing: ['Two', 'One'], done: [] });
    await rename(bob.page, 'Two', 'Zwei');
    await cardIn(ann.page, 'Doing', 'Zwei').press('Alt+ArrowDown');
    await bothShow({ todo: [], doing: ['One', 'Zwei'], done: [] });
    await cardIn(ann.page, 'Doing', 'One').hover();
    await cardIn(ann.page, 'Doing', 'One').locator('button').click();
    await bothShow({ todo: [], doing: ['Zwei'], done: [] });
  });

  /** The revision of one more write, of somebody else to another board. */
  const nextRevision = async (): Promise<number> => {
    const db = connect(`ws://${example.http}`, { socket: nodeSocket });
    const { revision } = await db
      .set('/boards/other/cards/one', { title: 'Other', column: 'todo', rank: '1' })
      .finally(() => db.close());
    return revision;
  };

  test('what two people changed while one had no network is merged, each change once', async () => {
    await add(ann.page, 'To do', 'One');
    await add(ann.page, 'To do', 'Two');
    await bothShow({ todo: ['One', 'Two'], doing: [], done: [] });
    const revision = await nextRevision();
    const loaded = [await ann.loadedAt(), await bob.loadedAt()];
    await bob.context.setOffline(true);
    await bob.page.locator('#status:not([data-status="online"])').waitFor();
    await rename(bob.page, 'One', 'Uno');
    await cardIn(bob.page, 'To do', 'Two').press('Alt+ArrowRight');
    await add(bob.page, 'Doing', 'From Bob');
    expect(await boardOf(bob.page)).toEqual({ todo: ['Uno'], doing: ['Two', 'From Bob'], done: [] });
    expect(await bob.page.locator('#waiting').textContent()).not.toBe('');
    await cardIn(ann.page, 'To do', 'One').dragTo(column(ann.page, 'Done').locator('.cards'));
    await add(ann.page, 'Done', 'From Ann');
    await expect
      .poll(() => boardOf(ann.page), { timeout: 20_000 })
      .toEqual({ todo: ['Two'], doing: [], done: ['One', 'From Ann'] });
    await bob.context.setOffline(false);
    await bothShow({ todo: [], doing: ['Two', 'From Bob'], done: ['Uno', 'From Ann'] });
    // Three of Bob's changes and two of Ann's, and this one: no write was made twice.
    expect(await nextRevision()).toBe(revision + 6);
    expect([await ann.loadedAt(), await bob.loadedAt()]).toEqual(loaded);
  });

  test('a page that is reloaded without a network shows the board and keeps what was not sent', async () => {
    await add(ann.page, 'To do', 'One');
    await bothShow({ todo: ['One'], doing: [], done: [] });
    await bob.page.evaluate(() => navigator.serviceWorker.ready);
    await bob.context.setOffline(true);
    await bob.page.locator('#status:not([data-status="online"])').waitFor();
    await add(bob.page, 'To do', 'Offline');
    await cardIn(bob.page, 'To do', 'One').press('Alt+ArrowRight');
    await expect.poll(async () => (await storedRecords(bob.page, 'w/')).length, { timeout: 20_000 }).toBe(2);
    await bob.page.reload();
    const changed = { todo: ['Offline'], doing: ['One'], done: [] };
    await expect.poll(() => boardOf(bob.page), { timeout: 20_000 }).toEqual(changed);
    expect(await boardOf(ann.page)).toEqual({ todo: ['One'], doing: [], done: [] });
    await bob.context.setOffline(false);
    await bothShow(changed);
  });

  test('a server that is killed and comes back is no reason to reload', async () => {
    await add(ann.page, 'To do', 'Before');
    await bothShow({ todo: ['Before'], doing: [], done: [] });
    const loaded = [await ann.loadedAt(), await bob.loadedAt()];
    await example.killServer();
    await ann.page.locator('#status:not([data-status="online"])').waitFor();
    await add(ann.page, 'To do', 'Meanwhile');
    await example.startServer();
    await bothShow({ todo: ['Before', 'Meanwhile'], doing: [], done: [] });
    await add(bob.page, 'Done', 'After');
    await bothShow({ todo: ['Before', 'Meanwhile'], doing: [], done: ['After'] });
    expect([await ann.loadedAt(), await bob.loadedAt()]).toEqual(loaded);
  });
});
