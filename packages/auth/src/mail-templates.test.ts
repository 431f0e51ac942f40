import { describe, expect, it } from 'vitest';
import { assertSafeMail } from './mail.js';
import {
  composeEmailChangedMail,
  composeEmailChangeMail,
  composePasswordChangedMail,
  composeResetMail,
  composeVerificationMail,
} from './mail-templates.js';

const to = 'bob@example.org';
const link = new URL(`https://app.example/auth/reset?a=1&b="'<>#token=abc`);

describe('mails with a link', () => {
  it.each([composeResetMail, composeVerificationMail, composeEmailChangeMail])(
    '$name shows it and says for how long',
    (compose) => {
      const mail = compose({ to, appName: 'Chat', link, validMinutes: 60 });
      assertSafeMail(mail);
      expect(mail.to).toBe(to);
      expect(mail.subject).toContain('Chat');
      expect(mail.text.split('\n')).toContain(link.href);
      expect(mail.text).toContain('60 minutes');
    },
  );

  it('speaks of hours where that is shorter', () => {
    const text = (validMinutes: number): string => composeResetMail({ to, appName: 'Chat', link, validMinutes }).text;
    expect(text(1)).toContain('for 1 minute.');
    expect(text(72 * 60)).toContain('for 72 hours.');
  });

  it('leaves no way out of the HTML', () => {
    const { html } = composeResetMail({ to, appName: '<script>alert(1)</script>', link, validMinutes: 60 });
    expect(html).not.toContain('<script');
    expect(html!.match(/<a href="[^"<>]*">[^<>]*<\/a>/g)).toHaveLength(1);
    expect(html!.match(/<a /g)).toHaveLength(1);
  });
});

describe('mails that inform', () => {
  it.each([composePasswordChangedMail, composeEmailChangedMail])('$name holds no link', (compose) => {
    const mail = compose({ to, appName: 'Chat' });
    assertSafeMail(mail);
    expect(`${mail.text}${mail.html}`).not.toMatch(/https?:|href/);
  });

  it('keep a subject on one line, whatever the application is called', () => {
    const mail = composePasswordChangedMail({ to, appName: `Chat\r\nBcc: eve@example.org${'x'.repeat(300)}` });
    assertSafeMail(mail);
  });
});
