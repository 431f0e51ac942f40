import { createOidcProvider } from '@backside/auth';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startProvider } from '../../packages/rest/src/testing/oidc-fixture.js';
import { startServer } from '../../packages/rest/src/testing/rest-fixture.js';
import { describeInChromium, launchChromium, type PageServer, servePages } from '../harness/chromium.js';

const PATIENCE = { timeout: 20_000 };

/** Signs in as its address asks; what became of it is in the title of the page. */
const PAGE = `
  import { createAuth } from '@backside/sdk/auth';

  const query = new URLSearchParams(location.search);
  const url = query.get('server');
  const connection = { status: 'offline', user: null, onUser: () => () => {}, setToken: async () => {} };
  const auth = createAuth({ connection }, { url });
  const show = (word, user) => { document.title = word + ' ' + (user?.displayName ?? user?.uid ?? 'nobody'); };
  const fail = (error) => { document.title = 'refused ' + error.code; };
  auth.onAuthChange((user) => show('is', user));
  auth.ready.then(() => auth.completeSignIn()).catch(fail);
  window.redirect = () => auth.signInWithRedirect('example');
  window.popup = () => auth.signInWithPopup('example').catch(fail);
  window.anonymous = () => auth.signInAnonymously();
  window.signOut = () => auth.signOut();
  document.body.onclick = () => window.popup();
`;

describeInChromium('in a browser', () => {
  let browser: Browser;
  let pages: PageServer;
  let context: BrowserContext;

  beforeAll(async () => {
    browser = await launchChromium();
    pages = await servePages({ app: { module: PAGE, body: '<p>click</p>' } });
  });
  afterEach(async () => {
    await context.close();
  });
  afterAll(async () => {
    await browser.close();
    await pages.close();
  });

  let address: string;

  /** The application, of a server that trusts a provider, where the page's visitor is bob. */
  async function open(): Promise<Page> {
    context = await browser.newContext();
    const { url } = await startServer({
      rest: { allowedOrigins: [pages.origin], allowedRedirects: [`${pages.origin}/`] },
      auth: async (server) => {
        const { issuer, stop } = await startProvider(`${server.url}/auth/oidc/example/callback`);
        onTestFinished(stop);
        const client = { clientId: 'backside', clientSecret: 'a secret of this test', allowInsecureHttp: true };
        return {
          oidcProviders: [createOidcProvider({ name: 'example', issuer, ...client }, { now: server.clock.now })],
        };
      },
    });
    address = `${pages.origin}/app?server=${url}`;
    const page = await context.newPage();
    await visitAsBob(page);
    await page.goto(address);
    return page;
  }

  /** Answers the provider's question who is there; it asks once per browser. Playwright's own routes do not see redirects. */
  async function visitAsBob(page: Page): Promise<void> {
    const inspector = await context.newCDPSession(page);
    inspector.on('Fetch.requestPaused', ({ requestId, request }) => {
      void inspector.send('Fetch.continueRequest', { requestId, url: `${request.url}?user=bob` });
    });
    await inspector.send('Fetch.enable', { patterns: [{ urlPattern: '*/interaction/*' }] });
  }

  const shows = (page: Page, title: string): Promise<void> => expect.poll(() => page.title(), PATIENCE).toBe(title);
  const call = (page: Page, name: string): Promise<unknown> => page.evaluate(`window.${name}()`);

  test('one goes to a provider and comes back signed in, with nothing left in the address, and stays so', async () => {
    const page = await open();
    await shows(page, 'is nobody');
    await page.evaluate('location.hash = "kept=1"');
    await call(page, 'redirect').catch(() => {});
    await shows(page, 'is Bob');
    expect(page.url()).toBe(address);
    await page.reload();
    await shows(page, 'is Bob');
    const other = await context.newPage();
    await other.goto(address);
    await shows(other, 'is Bob');
    await call(other, 'signOut');
    await shows(page, 'is nobody');
    await call(page, 'anonymous');
    const title = await page.title();
    expect(title).not.toContain('nobody');
    await shows(other, title);
  });

  test('a popup signs in the page that opened it, and closes', async () => {
    const page = await open();
    await call(page, 'redirect').catch(() => {});
    await shows(page, 'is Bob');
    await call(page, 'signOut');
    await shows(page, 'is nobody');
    const opened = context.waitForEvent('page');
    await page.click('p');
    const popup = await opened;
    await shows(page, 'is Bob');
    await expect.poll(() => popup.isClosed(), PATIENCE).toBe(true);
  });

  test('a popup that is closed by hand, and a sign-in that began elsewhere, sign nobody in', async () => {
    const page = await open();
    await context.route('**/auth/oidc/example?*', (route) => route.fulfill({ body: 'Who are you?' }));
    const opened = context.waitForEvent('page');
    await page.click('p');
    await (await opened).close();
    await shows(page, 'refused timeout');
    const stranger = await context.newPage();
    await stranger.goto(`${address}#refresh_token=of-somebody-else&state=guessed`);
    await shows(stranger, 'refused unauthenticated');
    expect(stranger.url()).toBe(address);
  });
});
