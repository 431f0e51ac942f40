import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInChromium, launchChromium } from '../harness/chromium.js';
import { type ServerHandle, startServer } from '../harness/server.js';

describeInChromium('the HTTP interface in a browser', () => {
  let server: ServerHandle;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    server = await startServer();
    url = `http://127.0.0.1:${server.httpPort}`;
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  it('can be tried on its page, whose policy lets nothing else run', async () => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(`${url}/docs`);
    const put = page.locator('details.operation', { hasText: 'PUT /{path}.json' });
    await put.locator('> summary').click();
    await put.locator('input[name=path]').fill('tried/it');
    await put.locator('textarea').fill('{"a": 1}');
    await put.locator('button').click();
    await expect.poll(() => put.locator('pre').textContent()).toContain('{"a":1}');
    expect(await (await fetch(`${url}/tried/it.json`)).json()).toEqual({ a: 1 });
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('is listened to by an EventSource', async () => {
    const page = await browser.newPage();
    await page.goto(`${url}/docs`);
    await page.evaluate(() => {
      const seen: string[] = [];
      const source = new EventSource('/watched.json');
      for (const name of ['put', 'patch']) {
        source.addEventListener(name, ({ data }) => seen.push(data as string));
      }
      Object.assign(window, { seen });
    });
    const seen = (): Promise<string[]> => page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    await expect.poll(seen).toEqual(['{"path":"/","data":null}']);
    await fetch(`${url}/watched/a.json`, { method: 'PUT', body: '1' });
    await expect.poll(seen).toHaveLength(2);
    expect((await seen())[1]).toBe('{"path":"/a","data":1}');
    await page.close();
  });
});
