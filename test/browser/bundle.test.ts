import { expect, test } from 'vitest';
import { browserBundle } from '../../sdk/build/browser-bundle.js';
import { describeInChromium, launchChromium } from '../harness/chromium.js';
import { startServer } from '../harness/server.js';

describeInChromium('the single-file bundle', () => {
  test('works in a page as a plain script', async () => {
    const server = await startServer();
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${server.httpPort}/health`);
      await page.addScriptTag({ content: (await browserBundle()).code });
      const value = await page.evaluate(`(async () => {
        const db = backside.connect('ws://127.0.0.1:${server.httpPort}');
        await db.set('/users/bob', { age: 74 });
        await db.update('/users/bob', { age: backside.ServerValue.increment(1) });
        const value = await db.get('/users/bob');
        await db.close();
        return value;
      })()`);
      expect(value).toEqual({ age: 75 });
    } finally {
      await browser.close();
      await server.stop();
    }
  });
});
