import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { until } from '../harness/stompjs-client.js';

/** A mail server on loopback that keeps what it gets. */
export class Mailbox {
  readonly #server: SMTPServer;
  readonly #mails: { readonly to: string; readonly text: string }[] = [];

  private constructor() {
    this.#server = new SMTPServer({
      logger: false,
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      disableReverseLookup: true,
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const to = session.envelope.rcptTo.map(({ address }) => address).join();
          this.#mails.push({ to, text: decoded(Buffer.concat(chunks).toString()) });
          done();
        });
      },
    });
  }

  static async open(): Promise<Mailbox> {
    const mailbox = new Mailbox();
    await new Promise<void>((resolve) => mailbox.#server.listen(0, '127.0.0.1', resolve));
    return mailbox;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.#server.server.address() as AddressInfo).port}`;
  }

  /** How many mails have come for the address. */
  count(to: string): number {
    return this.#mails.filter((mail) => mail.to === to).length;
  }

  /** The link in the last mail to the address whose subject or text has `about`, once there is one. */
  async link(to: string, about: string): Promise<URL> {
    const find = (): string | undefined =>
      this.#mails.findLast((mail) => mail.to === to && mail.text.includes(about))?.text;
    await until(() => find() !== undefined, `a mail to ${to}`);
    const link = /https?:\/\/[^\s<>"]+/.exec(find() ?? '')?.[0];
    if (link === undefined) throw new Error('there is no link in the mail');
    return new URL(link);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(resolve));
  }
}

/** Undoes quoted-printable, as far as these mails use it. */
function decoded(mail: string): string {
  return mail
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
