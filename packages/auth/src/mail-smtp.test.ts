import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import type { Mail } from './mail.js';
import { createSmtpMailSender, type SmtpOptions } from './mail-smtp.js';
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from './testing/loopback-certificate.js';

interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly secure: boolean;
  readonly user: string | undefined;
  readonly content: string;
}

const FROM = { name: 'Chat: "the" <app>', address: 'chat@example.org' };
const MAIL: Mail = {
  to: 'bob@example.org',
  subject: 'Grüße aus der Küche',
  text: 'Hello\n.\nBob',
  html: '<p>Hello</p>',
};
const TLS = { key: LOOPBACK_KEY, cert: LOOPBACK_CERTIFICATE };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function smtpServer(options: SMTPServerOptions): Promise<{ host: string; received: Received[] }> {
  const received: Received[] = [];
  const server = new SMTPServer({
    logger: false,
    disableReverseLookup: true,
    onAuth: ({ username, password }, _session, done) =>
      done(password === 'p@ss/word' ? null : new Error('wrong'), { user: username }),
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          secure: session.secure,
          user: session.user,
          content: Buffer.concat(chunks).toString(),
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {}); // A client that hangs up over a certificate: the tests look at what the client says.
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return { host: `127.0.0.1:${(server.server.address() as AddressInfo).port}`, received };
}

function send(url: string, options?: SmtpOptions, mail: Mail = MAIL): Promise<void> {
  return createSmtpMailSender(url, FROM, options).send(mail);
}

describe('mail by SMTP', () => {
  it('reaches a plain server on loopback', async () => {
    const { host, received } = await smtpServer({ authOptional: true, disabledCommands: ['STARTTLS'] });
    await send(`smtp://${host}`);
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ from: 'chat@example.org', to: ['bob@example.org'], secure: false });
    const { content } = received[0]!;
    expect(content).toMatch(/^To: bob@example\.org\r$/m);
    expect(content).toMatch(/^Subject: =\?UTF-8\?/m);
    expect(content).toContain('<p>Hello</p>');
  });

  it('signs in, after STARTTLS, with what the URL holds', async () => {
    const { host, received } = await smtpServer(TLS);
    await send(`smtp://us%65r:p%40ss%2Fword@${host}`, { ca: LOOPBACK_CERTIFICATE, requireTls: true });
    expect(received[0]).toMatchObject({ secure: true, user: 'user' });
  });

  it('speaks TLS from the start by smtps', async () => {
    const { host, received } = await smtpServer({ ...TLS, secure: true, authOptional: true });
    await send(`smtps://${host}`, { ca: LOOPBACK_CERTIFICATE });
    expect(received[0]).toMatchObject({ secure: true });
  });
});

describe('mail by SMTP that cannot be sent', () => {
  const unavailable = { code: 'unavailable', message: 'The mail could not be sent' };

  it('stops at a certificate that nobody vouches for', async () => {
    const { host, received } = await smtpServer({ ...TLS, authOptional: true });
    await expect(send(`smtp://${host}`, { requireTls: true })).rejects.toMatchObject(unavailable);
    const other = await smtpServer({ ...TLS, secure: true, authOptional: true });
    await expect(send(`smtps://${other.host}`)).rejects.toMatchObject(unavailable);
    expect([...received, ...other.received]).toEqual([]);
  });

  it('stops where TLS is required and not offered', async () => {
    const { host, received } = await smtpServer({ authOptional: true, disabledCommands: ['STARTTLS'] });
    await expect(send(`smtp://${host}`, { requireTls: true })).rejects.toMatchObject(unavailable);
    expect(received).toEqual([]);
  });

  it('says so without the password when sign-in is refused', async () => {
    const { host } = await smtpServer(TLS);
    const error = await send(`smtp://user:hunter2@${host}`, { ca: LOOPBACK_CERTIFICATE }).catch(
      (reason: Error) => reason,
    );
    expect(error).toMatchObject(unavailable);
    expect(String((error as Error).message)).not.toContain('hunter2');
  });

  it('gives up on a server that says nothing', async () => {
    const silent: Server = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => silent.close(() => resolve())));
    const { port } = silent.address() as AddressInfo;
    await expect(send(`smtp://127.0.0.1:${port}`, { timeoutMs: 100 })).rejects.toMatchObject(unavailable);
  });

  it('says so where nobody listens', async () => {
    await expect(send('smtp://127.0.0.1:1')).rejects.toMatchObject(unavailable);
  });

  it('refuses to carry more than one mail to one person', async () => {
    const { host, received } = await smtpServer({ authOptional: true, disabledCommands: ['STARTTLS'] });
    for (const mail of [
      { ...MAIL, to: 'bob@example.org, eve@example.org' },
      { ...MAIL, to: 'bob@example.org>\r\nRCPT TO:<eve@example.org' },
      { ...MAIL, subject: 'x\r\nBcc: eve@example.org' },
    ]) {
      await expect(send(`smtp://${host}`, {}, mail)).rejects.toMatchObject({ code: 'invalid-data' });
    }
    await send(`smtp://${host}`, {}, { ...MAIL, text: 'a\r\n.\r\nMAIL FROM:<eve@example.org>\r\n' });
    expect(received.map(({ from, to }) => [from, ...to])).toEqual([['chat@example.org', 'bob@example.org']]);
  });

  it.each(['http://example.org', 'example.org', 'smtp://', 'file:///etc/passwd', 'smtp:user:secret'])(
    'refuses the server %s at once',
    (url) => {
      expect(() => createSmtpMailSender(url, FROM)).toThrow(expect.objectContaining({ code: 'invalid-data' }));
    },
  );

  it('refuses a sender that is no address, or would break lines', () => {
    for (const from of [
      { ...FROM, address: 'a@b, c@d' },
      { ...FROM, name: 'x\r\nBcc: eve@example.org' },
    ]) {
      expect(() => createSmtpMailSender('smtp://127.0.0.1', from)).toThrow(
        expect.objectContaining({ code: 'invalid-data' }),
      );
    }
  });
});
