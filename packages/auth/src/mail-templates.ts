import type { Mail } from './mail.js';

/** What a mail that asks for a click is made of. */
export interface LinkMail {
  readonly to: string;
  /** The application's name, for subject and text. */
  readonly appName: string;
  /** Made from the configured public URL by the caller; never from a request's `Host`. */
  readonly link: URL;
  /** For how long the link works. */
  readonly validMinutes: number;
}

/** What a mail that only informs is made of. */
export interface NoticeMail {
  readonly to: string;
  readonly appName: string;
}

export function composeResetMail(mail: LinkMail): Mail {
  return compose(mail, `Reset your ${mail.appName} password`, [
    `Somebody asked to reset the password of your ${mail.appName} account. To choose a new one, open this link:`,
    mail.link,
    `It works once, for ${duration(mail.validMinutes)}. If it was not you, do nothing: your password stays as it is.`,
  ]);
}

export function composeVerificationMail(mail: LinkMail): Mail {
  return compose(mail, `Confirm your e-mail address for ${mail.appName}`, [
    `To confirm that this address belongs to your ${mail.appName} account, open this link:`,
    mail.link,
    `It works once, for ${duration(mail.validMinutes)}. If you have no such account, do nothing.`,
  ]);
}

/** Goes to the new address; the old one holds until the link is opened. */
export function composeEmailChangeMail(mail: LinkMail): Mail {
  return compose(mail, `Confirm your new e-mail address for ${mail.appName}`, [
    `To make this the e-mail address of your ${mail.appName} account, open this link:`,
    mail.link,
    `It works once, for ${duration(mail.validMinutes)}. If you did not ask for it, do nothing.`,
  ]);
}

/** Goes to the old address once the change is made. The new address is not told: the reader may be anybody. */
export function composeEmailChangedMail(mail: NoticeMail): Mail {
  return compose(mail, `Your ${mail.appName} e-mail address was changed`, [
    `The e-mail address of your ${mail.appName} account was changed, and mails no longer come here.`,
    'If it was not you, ask those who run the service for help at once.',
  ]);
}

export function composePasswordChangedMail(mail: NoticeMail): Mail {
  return compose(mail, `Your ${mail.appName} password was changed`, [
    `The password of your ${mail.appName} account was changed, and every other device was signed out.`,
    'If it was not you, reset the password now, and look after the security of your mailbox.',
  ]);
}

function compose(mail: NoticeMail, subject: string, paragraphs: readonly (string | URL)[]): Mail {
  const html = paragraphs.map((part) => `<p>${part instanceof URL ? anchor(part) : escapeHtml(part)}</p>`);
  return {
    to: mail.to,
    subject: oneLine(subject),
    text: `${paragraphs.map(plain).join('\n\n')}\n`,
    html: html.join('\n'),
  };
}

/** A name from the configuration may be long or hold a line break; a subject may not. */
function oneLine(subject: string): string {
  return subject.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, 200);
}

function plain(part: string | URL): string {
  return part instanceof URL ? part.href : part;
}

function anchor(link: URL): string {
  const href = escapeHtml(link.href);
  return `<a href="${href}">${href}</a>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

function duration(minutes: number): string {
  if (minutes >= 120 && minutes % 60 === 0) return `${minutes / 60} hours`;
  return minutes === 1 ? '1 minute' : `${minutes} minutes`;
}
