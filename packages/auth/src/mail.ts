import { BacksideError } from '@backside/protocol';

/** One mail to one person. */
export interface Mail {
  /** A bare address, `name@host`. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
}

/** The way out for mails. */
export interface MailSender {
  /**
   * Resolves once the next server has taken the mail over. Rejects `invalid-data` for an address or subject that could
   * change the mail's shape, `unavailable` if the mail could not be handed over; then it may or may not arrive.
   */
  send(mail: Mail): Promise<void>;
}

const MAX_ADDRESS_CHARS = 254;
const MAX_SUBJECT_CHARS = 200;
const ADDRESS = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/** Whether it is one bare address: nothing that quotes, lists, comments or breaks lines. International domains as `xn--`. */
export function isMailAddress(text: string): boolean {
  return text.length <= MAX_ADDRESS_CHARS && ADDRESS.test(text) && !text.includes('..');
}

/** Throws `invalid-data` unless address and subject are single and harmless; every sender calls it first. */
export function assertSafeMail(mail: Mail): void {
  if (!isMailAddress(mail.to)) throw new BacksideError('invalid-data', 'Not a mail address');
  if (mail.subject.length > MAX_SUBJECT_CHARS || hasControlCharacter(mail.subject)) {
    throw new BacksideError('invalid-data', 'Not a mail subject');
  }
}

export function hasControlCharacter(text: string): boolean {
  return /[\p{Cc}\u2028\u2029]/u.test(text);
}
