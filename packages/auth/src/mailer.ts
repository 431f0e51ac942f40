import type { AuthSettings } from './auth-options.js';
import type { Background } from './background.js';
import type { MailSender } from './mail.js';
import {
  composeEmailChangedMail,
  composeEmailChangeMail,
  composePasswordChangedMail,
  composeResetMail,
  composeVerificationMail,
  type LinkMail,
} from './mail-templates.js';

/** Mails about accounts. All are sent in the background, so that answers are as fast without them. */
export interface Mailer {
  /** `makeToken` is called in the background. */
  reset(to: string, makeToken: () => Promise<string>): void;
  verification(to: string, makeToken: () => Promise<string>): void;
  emailChange(to: string, makeToken: () => Promise<string>): void;
  emailChanged(to: string): void;
  passwordChanged(to: string): void;
}

/** Links lead to the configured public URL and nowhere else; the token is in the fragment, which browsers send to no server. */
export function createMailer(options: {
  readonly sender: MailSender;
  readonly publicUrl: URL;
  readonly settings: AuthSettings;
  readonly background: Background;
}): Mailer {
  const { sender, publicUrl, settings, background } = options;
  const { appName } = settings;
  const withLink = (kind: LinkKind) => {
    return (to: string, makeToken: () => Promise<string>): void => {
      background.run(`mail: ${kind.name}`, async () => {
        const link = linkTo(publicUrl, settings[kind.path], await makeToken());
        await sender.send(
          kind.compose({ to, appName, link, validMinutes: Math.round(settings[kind.lifetime] / 60_000) }),
        );
      });
    };
  };
  return {
    reset: withLink({ name: 'reset', path: 'resetPath', lifetime: 'resetTokenMs', compose: composeResetMail }),
    verification: withLink({ ...VERIFY, name: 'verification', compose: composeVerificationMail }),
    emailChange: withLink({ ...VERIFY, name: 'e-mail change', compose: composeEmailChangeMail }),
    emailChanged: (to) =>
      background.run('mail: e-mail changed', () => sender.send(composeEmailChangedMail({ to, appName }))),
    passwordChanged: (to) =>
      background.run('mail: password changed', () => sender.send(composePasswordChangedMail({ to, appName }))),
  };
}

interface LinkKind {
  readonly name: string;
  readonly path: 'resetPath' | 'verifyPath';
  readonly lifetime: 'resetTokenMs' | 'verifyTokenMs';
  readonly compose: (mail: LinkMail) => Parameters<MailSender['send']>[0];
}

const VERIFY = { path: 'verifyPath', lifetime: 'verifyTokenMs' } as const;

/** The path is appended to that of the public URL, which may lie below a prefix. */
function linkTo(publicUrl: URL, path: string, token: string): URL {
  const link = new URL(publicUrl);
  link.pathname = `${link.pathname.replace(/\/$/, '')}/${path.replace(/^\//, '')}`;
  link.search = '';
  link.hash = `token=${token}`;
  return link;
}
