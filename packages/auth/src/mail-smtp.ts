import { BacksideError } from '@backside/protocol';
import { createTransport } from 'nodemailer';
import { assertSafeMail, hasControlCharacter, isMailAddress, type Mail, type MailSender } from './mail.js';

export interface SmtpOptions {
  /** Bound of each step: connecting, greeting, and silence afterwards. Default 10,000. */
  readonly timeoutMs?: number;
  /** Refuse to go on without TLS. Default true, except to loopback addresses. */
  readonly requireTls?: boolean;
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string;
}

/** A sender's name and bare address. */
export interface MailFrom {
  readonly name: string;
  readonly address: string;
}

/**
 * Sends by SMTP: `smtps://user:password@host:port` with TLS from the start, `smtp://…` with STARTTLS. Certificates are
 * always verified. One connection per mail. Throws `invalid-data` for a URL or sender that cannot work; no error text
 * repeats the URL, for it holds a password.
 */
export function createSmtpMailSender(url: string, from: MailFrom, options: SmtpOptions = {}): MailSender {
  const target = parseSmtpUrl(url);
  assertFrom(from);
  const timeout = options.timeoutMs ?? 10_000;
  const transport = createTransport({
    ...target,
    requireTLS: !target.secure && (options.requireTls ?? !isLoopback(target.host)),
    tls: { minVersion: 'TLSv1.2', ...(options.ca === undefined ? {} : { ca: options.ca }) },
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(mail: Mail): Promise<void> {
      assertSafeMail(mail);
      try {
        await transport.sendMail({
          from: { name: from.name, address: from.address },
          to: { name: '', address: mail.to },
          subject: mail.subject,
          text: mail.text,
          ...(mail.html === undefined ? {} : { html: mail.html }),
        });
      } catch (cause) {
        throw new BacksideError('unavailable', 'The mail could not be sent', { cause });
      }
    },
  };
}

/** Throws `invalid-data`, without its secrets, for a URL that `createSmtpMailSender` does not take. */
export function assertSmtpUrl(url: string): void {
  parseSmtpUrl(url);
}

/** Reads `address` or `Name <address>`. Throws `invalid-data` for what cannot be a sender. */
export function parseMailFrom(text: string): MailFrom {
  const [, name, address] = /^([^<]*)<([^>]+)>$/.exec(text) ?? ['', '', text];
  const from = { name: name!.trim(), address: address!.trim() };
  assertFrom(from);
  return from;
}

interface SmtpTarget {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly auth?: { readonly user: string; readonly pass: string };
}

function parseSmtpUrl(text: string): SmtpTarget {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.hostname === '' || !['smtp:', 'smtps:'].includes(url.protocol)) {
    throw new BacksideError('invalid-data', 'The mail server must be smtp://HOST or smtps://HOST');
  }
  const secure = url.protocol === 'smtps:';
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    ...(url.username === ''
      ? {}
      : { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }),
  };
}

function assertFrom(from: MailFrom): void {
  if (!isMailAddress(from.address) || hasControlCharacter(from.name)) {
    throw new BacksideError('invalid-data', 'The sender of mails is not a name and an address');
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
}
