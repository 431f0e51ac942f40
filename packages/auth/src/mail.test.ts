import { describe, expect, it } from 'vitest';
import { assertSafeMail, isMailAddress, type Mail } from './mail.js';
import { createPrintingMailSender } from './mail-printing.js';

describe('mail addresses', () => {
  it.each(['bob@example.org', "o'neil+tag@mail.example.co", 'a@localhost', 'x@xn--bcher-kva.example'])(
    'takes %s',
    (text) => {
      expect(isMailAddress(text)).toBe(true);
    },
  );

  it.each([
    '',
    'bob',
    '@example.org',
    'bob@',
    'bob@example.org, eve@example.org',
    'bob@example.org;eve@example.org',
    'Bob <bob@example.org>',
    '<bob@example.org>',
    '"bob eve"@example.org',
    'bob@example.org\r\nBcc: eve@example.org',
    'bob@example.org\n',
    'bob\0@example.org',
    'bob@exa mple.org',
    'bob@example.org(comment)',
    'bob@[127.0.0.1]',
    'bob@example..org',
    'b@-example.org',
    'bob@example.org@evil.example',
    `${'x'.repeat(65)}@example.org`,
    `bob@${'x'.repeat(260)}`,
  ])('refuses %j', (text) => {
    expect(isMailAddress(text)).toBe(false);
  });
});

describe('the shape of a mail', () => {
  const good: Mail = { to: 'bob@example.org', subject: 'Grüße', text: 'any\r\n.\r\ntext' };

  it('may have any text', () => {
    expect(() => assertSafeMail(good)).not.toThrow();
  });

  it.each(['a\r\nBcc: eve@example.org', 'a\nb', 'a\rb', 'a\0b', 'a\u2028b', 'x'.repeat(201)])(
    'refuses the subject %j',
    (subject) => {
      expect(() => assertSafeMail({ ...good, subject })).toThrow(expect.objectContaining({ code: 'invalid-data' }));
    },
  );
});

describe('the printing sender', () => {
  it('prints the mail, and nothing that drives a terminal', async () => {
    const printed: string[] = [];
    const sender = createPrintingMailSender((text) => printed.push(text));
    await sender.send({ to: 'bob@example.org', subject: 'Hello', text: 'line\n\u001b[2Jlink\u0007' });
    expect(printed).toEqual(['mail to bob@example.org\nsubject: Hello\n\nline\n\ufffd[2Jlink\ufffd\n']);
  });

  it('refuses what the real one would refuse', async () => {
    const sender = createPrintingMailSender(() => expect.unreachable());
    await expect(sender.send({ to: 'a@b\nc', subject: 'x', text: '' })).rejects.toMatchObject({ code: 'invalid-data' });
  });
});
