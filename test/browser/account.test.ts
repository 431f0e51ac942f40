import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createOidcProvider } from '@backside/auth';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { startProvider } from '../../packages/rest/src/testing/oidc-fixture.js';
import { startServer } from '../../packages/rest/src/testing/rest-fixture.js';
import { describeInChromium, launchChromium, type PageServer, servePages } from '../harness/chromium.js';

const PATIENCE = { timeout: 20_000 };

/** Does with its account what the test calls for; what became of it is in the title of the page. */
const PAGE = `
  import { createAuth } from '@backside/sdk/auth';

  const connection = { status: 'offline', user: null, onUser: () => () => {}, setToken: async () => {} };
  const auth = createAuth({ connection }, { url: location.origin });
  auth.onAuthChange((user) => { document.title = user === null ? 'nobody' : 'in by ' + user.providers.join(); });
  window.auth = auth;
  window.codeOf = (promise) => promise.then(() => 'done', ({ code }) => code);
  window.linked = new Promise((resolve) => { window.onLinked = resolve; });
  document.body.onclick = () => auth.account.linkWithPopup('example').then(window.onLinked);
  window.ready = auth.ready.then(() => auth.completeSignIn());
`;

/** A passkey that is always there and whose owner always agrees. */
const AUTHENTICATOR = {
  protocol: 'ctap2',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const;

/** The application's page and the server's endpoints under one origin, as a reverse proxy puts them. */
interface Site {
  readonly origin: string;
  /** Where what is not the page comes from. */
  server: string;
  close(): void;
}

async function startSite(pages: PageServer): Promise<Site> {
  const web = createServer((asked, answer) => {
    const behind = asked.url!.startsWith('/app') ? pages.origin : site.server;
    const { method, headers, url } = asked;
    const forwarded = request(`${behind}${url}`, { method: method!, headers }, (response) => {
      answer.writeHead(response.statusCode!, response.headers);
      response.pipe(answer);
    });
    forwarded.on('error', () => answer.destroy());
    asked.pipe(forwarded);
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  // Browsers have passkeys for host names over https, and for localhost.
  const origin = `http://localhost:${(web.address() as AddressInfo).port}`;
  const close = (): void => {
    web.closeAllConnections();
    web.close();
  };
  const site: Site = { origin, server: '', close };
  return site;
}

describeInChromium('an account in a browser', () => {
  let browser: Browser;
  let pages: PageServer;
  let context: BrowserContext;
  let site: Site;
  let page: Page;
  let device: CDPSession;

  beforeAll(async () => {
    browser = await launchChromium();
    pages = await servePages({ app: { module: PAGE, body: '<p>click</p>' } });
  });
  beforeEach(async () => {
    site = await startSite(pages);
    context = await browser.newContext();
    site.server = await startServerBehind(site);
    page = await context.newPage();
    device = await context.newCDPSession(page);
    await visitProviderAsBob();
    await device.send('WebAuthn.enable');
    await page.goto(`${site.origin}/app`);
  });
  afterEach(async () => {
    await context.close();
    site.close();
  });
  afterAll(async () => {
    await browser.close();
    await pages.close();
  });

  async function startServerBehind({ origin }: Site): Promise<string> {
    const publicUrl = new URL(origin);
    const { url } = await startServer({
      rest: { publicUrl, allowedRedirects: [`${origin}/app`] },
      auth: async ({ clock }) => {
        const { issuer, stop } = await startProvider(`${origin}/auth/oidc/example/callback`);
        onTestFinished(stop);
        const client = { clientId: 'backside', clientSecret: 'a secret of this test', allowInsecureHttp: true };
        const provider = createOidcProvider({ name: 'example', issuer, ...client }, { now: clock.now });
        return { publicUrl, oidcProviders: [provider] };
      },
    });
    return url;
  }

  /** Answers the provider's question who is there; it asks once per browser. Playwright's own routes do not see redirects. */
  async function visitProviderAsBob(): Promise<void> {
    device.on('Fetch.requestPaused', ({ requestId, request: paused }) => {
      void device.send('Fetch.continueRequest', { requestId, url: `${paused.url}?user=bob` });
    });
    await device.send('Fetch.enable', { patterns: [{ urlPattern: '*/interaction/*' }] });
  }

  const call = <Result>(script: string): Promise<Result> => page.evaluate(`window.${script}`);
  const shows = (title: string): Promise<void> => expect.poll(() => page.title(), PATIENCE).toBe(title);

  test('an anonymous one is linked to a provider, and stays who it is', async () => {
    const { uid } = await call<{ uid: string }>('auth.signInAnonymously()');
    await call('auth.account.linkWithRedirect("example")').catch(() => {});
    await shows('in by example');
    expect(await call('auth.user')).toMatchObject({ uid, anonymous: false, email: 'bob@example.org' });
    expect(page.url()).toBe(`${site.origin}/app`);
    expect(await call('codeOf(auth.account.unlink("example"))')).toBe('precondition-failed');
    await call('auth.signOut()');
    await call('auth.signInWithRedirect("example")').catch(() => {});
    await shows('in by example');
    expect(await call('auth.user.uid')).toBe(uid);
  });

  test('a popup links another way in, and one of several may be given up', async () => {
    await device.send('WebAuthn.addVirtualAuthenticator', { options: AUTHENTICATOR });
    const { uid } = await call<{ uid: string }>('auth.signInAnonymously()');
    await call('auth.account.linkWithRedirect("example")').catch(() => {});
    await shows('in by example');
    await call('auth.account.addPasskey()');
    await call('auth.account.unlink("example")');
    await shows('in by passkey');
    const opened = context.waitForEvent('page');
    await page.click('p');
    const popup = await opened;
    expect(await call('linked')).toMatchObject({ uid, providers: expect.arrayContaining(['example', 'passkey']) });
    await expect.poll(() => popup.isClosed(), PATIENCE).toBe(true);
  });

  test('what is somebody else’s already is not linked', async () => {
    await call('auth.signInWithRedirect("example")').catch(() => {});
    await shows('in by example');
    await call('auth.signOut()');
    await call('auth.signInAnonymously()');
    await call('auth.account.linkWithRedirect("example")').catch(() => {});
    await expect.poll(() => call('codeOf(ready)').catch(() => null), PATIENCE).toBe('precondition-failed');
    expect(await call('auth.user')).toMatchObject({ anonymous: true, providers: [] });
  });

  test('a passkey signs in without a name or a password, until it is removed', async () => {
    await device.send('WebAuthn.addVirtualAuthenticator', { options: AUTHENTICATOR });
    const password = 'correct horse battery';
    const { uid } = await call<{ uid: string }>(`auth.signUp({ username: 'ann', password: '${password}' })`);
    expect(await call('codeOf(auth.account.addPasskey())')).toBe('reauthentication-required');
    const passkey = await call<{ id: string }>(`auth.account.addPasskey({ label: 'phone', password: '${password}' })`);
    expect(await call('auth.account.passkeys()')).toEqual([passkey]);
    expect(passkey).toMatchObject({ label: 'phone', createdAt: expect.any(Number) });
    const again = `codeOf(auth.account.addPasskey({ password: '${password}' }))`;
    expect(await call(again)).toBe('precondition-failed');
    await call('auth.signOut()');
    await shows('nobody');
    expect(await call('auth.signInWithPasskey()')).toMatchObject({ uid });
    await call(`auth.account.removePasskey('${passkey.id}', { password: '${password}' })`);
    expect(await call('auth.user.providers')).toEqual(['password']);
    await call('auth.signOut()');
    expect(await call('codeOf(auth.signInWithPasskey())')).toBe('unauthenticated');
  });

  test('who has no passkey, or stops looking for one, is not signed in', async () => {
    await device.send('WebAuthn.addVirtualAuthenticator', { options: AUTHENTICATOR });
    const stopped = 'auth.signInWithPasskey({ signal: AbortSignal.abort(new TypeError("stopped")) })';
    expect(await call(`${stopped}.catch((error) => error.message)`)).toBe('stopped');
    expect(await call('codeOf(auth.signInWithPasskey())')).toBe('timeout');
    await shows('nobody');
  });
});
