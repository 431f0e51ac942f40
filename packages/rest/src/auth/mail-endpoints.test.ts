import type { AddressInfo } from 'node:net';
import { createSmtpMailSender, type User } from '@backside/auth';
import { SMTPServer } from 'smtp-server';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ask, askRaw, PASSWORD, signUp, startServer, type TestServer } from '../testing/rest-fixture.js';

/** A real SMTP server that keeps the mails it takes. */
class Mailbox {
  readonly #mails: string[] = [];
  readonly #waiting: ((mail: string) => void)[] = [];
  readonly #server = new SMTPServer({
    logger: false,
    disableReverseLookup: true,
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        this.#take(Buffer.concat(chunks).toString().replaceAll('=\r\n', '').replaceAll('=3D', '='));
        done();
      });
    },
  });

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => this.#server.close(() => resolve())));
    return `smtp://127.0.0.1:${(this.#server.server.address() as AddressInfo).port}`;
  }

  /** The oldest mail that was not asked for yet. */
  next(): Promise<string> {
    const mail = this.#mails.shift();
    return mail === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(mail);
  }

  get left(): number {
    return this.#mails.length;
  }

  #take(mail: string): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(mail);
    else this.#mails.push(mail);
  }
}

async function mailingServer(): Promise<{ server: TestServer; mailbox: Mailbox }> {
  const mailbox = new Mailbox();
  const smtp = await mailbox.open();
  const from = { name: 'Test', address: 'test@example.org' };
  const server = await startServer({ auth: () => ({ mail: createSmtpMailSender(smtp, from) }) });
  return { server, mailbox };
}

/** The link in a mail, whose base must be the public URL whatever the request said. */
function linkIn(mail: string, server: TestServer): { path: string; token: string } {
  const link = /https?:\/\/[^\s"<>]+#token=[\w.~-]+/.exec(mail)?.[0];
  if (link === undefined) throw new Error(`no link in ${mail}`);
  const url = new URL(link);
  expect(url.origin).toBe(server.url);
  return { path: url.pathname, token: new URLSearchParams(url.hash.slice(1)).get('token')! };
}

describe('mails with links', () => {
  test('verify an address', async () => {
    const { server, mailbox } = await mailingServer();
    const { accessToken: token } = await signUp(server);
    const { token: proof, path } = linkIn(await mailbox.next(), server);
    expect(await ask(server, `GET ${path}`)).toMatchObject({ status: 200 });
    expect(await ask(server, 'POST /auth/verify', { body: { token: proof } })).toMatchObject({ status: 204 });
    expect((await ask<User>(server, 'GET /auth/me', { token })).json.emailVerified).toBe(true);
    expect(await ask(server, 'POST /auth/verify', { body: { token: proof } })).toMatchObject({ status: 410 });
  });

  test('verify an address when asked again', async () => {
    const { server, mailbox } = await mailingServer();
    const { accessToken: token } = await signUp(server);
    await mailbox.next();
    expect(await ask(server, 'POST /auth/verify', { token, body: {} })).toMatchObject({ status: 202, text: '' });
    const { token: proof } = linkIn(await mailbox.next(), server);
    expect(await ask(server, 'POST /auth/verify', { body: { token: proof } })).toMatchObject({ status: 204 });
    expect(await ask(server, 'POST /auth/verify', { body: {} })).toMatchObject({ status: 401 });
  });

  test('set a new password, once, and end all sessions', async () => {
    const { server, mailbox } = await mailingServer();
    const { accessToken } = await signUp(server);
    await mailbox.next();
    expect(await ask(server, 'POST /auth/reset', { body: { login: 'ann@example.com' } })).toMatchObject({
      status: 202,
    });
    const { token, path } = linkIn(await mailbox.next(), server);
    expect(path).toBe('/auth/reset');
    const body = { token, password: 'another good password' };
    expect(await ask(server, 'POST /auth/reset', { body })).toMatchObject({ status: 204 });
    expect(await ask(server, 'POST /auth/reset', { body })).toMatchObject({ status: 410 });
    expect(await ask(server, 'GET /auth/me', { token: accessToken })).toMatchObject({ status: 401 });
    const login = { login: 'ann@example.com', password: body.password };
    expect(await ask(server, 'POST /auth/login', { body: login })).toMatchObject({ status: 200 });
  });

  test('move an account to a new address', async () => {
    const { server, mailbox } = await mailingServer();
    const { accessToken: token } = await signUp(server);
    await mailbox.next();
    const body = { email: 'new@example.com', password: PASSWORD };
    expect(await ask(server, 'POST /auth/email', { token, body })).toMatchObject({ status: 202 });
    expect((await ask<User>(server, 'GET /auth/me', { token })).json.email).toBe('ann@example.com');
    const { token: proof } = linkIn(await mailbox.next(), server);
    expect(await ask(server, 'POST /auth/verify', { body: { token: proof } })).toMatchObject({ status: 204 });
    const me = await ask<User>(server, 'GET /auth/me', { token });
    expect(me.json).toMatchObject({ email: 'new@example.com', emailVerified: true });
  });

  test('never lead where the Host header says', async () => {
    const { server, mailbox } = await mailingServer();
    await signUp(server);
    await mailbox.next();
    const status = await askRaw(server, 'POST /auth/reset', {
      body: { login: 'ann@example.com' },
      headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    });
    expect(status).toBe(202);
    const mail = await mailbox.next();
    expect(mail).not.toContain('evil.example');
    linkIn(mail, server);
  });

  test('are answered alike for an unknown login, to which none is sent', async () => {
    const { server, mailbox } = await mailingServer();
    await signUp(server);
    await mailbox.next();
    const unknown = await ask(server, 'POST /auth/reset', { body: { login: 'nobody@example.com' } });
    const known = await ask(server, 'POST /auth/reset', { body: { login: 'ann@example.com' } });
    expect([unknown.status, unknown.text]).toEqual([known.status, known.text]);
    expect(await mailbox.next()).toContain('ann@example.com');
    expect(mailbox.left).toBe(0);
  });

  test.each([
    [{}],
    [{ token: 'x' }],
    [{ password: PASSWORD }],
    [{ login: 'ann@example.com', password: PASSWORD }],
    [{ login: 'ann@example.com', token: 'x', password: PASSWORD }],
  ])('are refused for a request that is neither: %j', async (body) => {
    const server = await startServer();
    expect(await ask(server, 'POST /auth/reset', { body })).toMatchObject({ status: 400 });
  });
});

describe('the pages that links lead to', () => {
  test.each(['/auth/reset', '/auth/verify'])(
    '%s runs nothing but its own script, and is shown in no frame',
    async (path) => {
      const server = await startServer();
      const page = await ask(server, `GET ${path}`);
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      const policy = page.headers.get('content-security-policy')!;
      expect(policy).toContain("frame-ancestors 'none'");
      const script = /<script>([\s\S]*)<\/script>/.exec(page.text)![1]!;
      const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(script));
      expect(policy).toContain(`script-src 'sha256-${Buffer.from(hash).toString('base64')}'`);
      expect(policy).not.toContain('unsafe');
    },
  );
});
