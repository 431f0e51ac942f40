import { assertSafeMail, type Mail, type MailSender } from './mail.js';

/** For development: each mail's text is handed to `write`, with control characters replaced so that none drives a terminal. */
export function createPrintingMailSender(write: (text: string) => void): MailSender {
  return {
    async send(mail: Mail): Promise<void> {
      assertSafeMail(mail);
      write(`mail to ${mail.to}\nsubject: ${mail.subject}\n\n${printable(mail.text)}\n`);
    },
  };
}

function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '\ufffd');
}
