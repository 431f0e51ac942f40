import { SILENT_LOGGER } from '@backside/protocol';
import { expect, it } from 'vitest';
import { DEFAULT_AUTH_SETTINGS } from './auth-options.js';
import { Background } from './background.js';
import type { Mail } from './mail.js';
import { createMailer } from './mailer.js';
import { linkIn } from './testing/auth-fixture.js';

it.each([
  ['https://app.example.org', 'https://app.example.org/auth/reset#token=t'],
  ['https://app.example.org/', 'https://app.example.org/auth/reset#token=t'],
  ['https://example.org:8443/base/?x=1#y', 'https://example.org:8443/base/auth/reset#token=t'],
])('a link below %s is %s', async (publicUrl, link) => {
  const mails: Mail[] = [];
  const background = new Background(SILENT_LOGGER);
  const mailer = createMailer({
    sender: { send: async (mail) => void mails.push(mail) },
    publicUrl: new URL(publicUrl),
    settings: DEFAULT_AUTH_SETTINGS,
    background,
  });
  mailer.reset('bob@example.org', async () => 't');
  expect(mails).toEqual([]);
  await background.settled();
  expect(linkIn(mails[0]).href).toBe(link);
  expect(mails[0]).toMatchObject({ to: 'bob@example.org', text: expect.stringContaining('60 minutes') });
});

it('a mail that cannot be sent is logged without its token, and harms nobody', async () => {
  const logged: unknown[] = [];
  const background = new Background({
    ...SILENT_LOGGER,
    error: (fields, message) => logged.push({ ...fields, message }),
  });
  const mailer = createMailer({
    sender: { send: () => Promise.reject(new Error('refused')) },
    publicUrl: new URL('https://app.example.org'),
    settings: DEFAULT_AUTH_SETTINGS,
    background,
  });
  mailer.reset('bob@example.org', async () => 'the-token');
  await background.settled();
  expect(logged).toMatchObject([{ task: 'mail: reset' }]);
  expect(JSON.stringify(logged)).not.toContain('the-token');
});
