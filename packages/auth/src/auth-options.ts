import { BacksideError, type Logger } from '@backside/protocol';
import type { AuthProvider } from './auth-provider.js';
import type { CustomTokenKey } from './custom-token.js';
import type { MailSender } from './mail.js';
import type { OidcProvider } from './oidc.js';
import type { PrivateTree } from './private-tree.js';
import type { ThrottleBudgets } from './throttle.js';

export interface AuthOptions {
  readonly database: string;
  readonly tree: PrivateTree;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly logger: Logger;
  readonly settings?: Partial<AuthSettings> | undefined;
  readonly customTokenKeys?: readonly CustomTokenKey[] | undefined;
  readonly oidcProviders?: readonly OidcProvider[] | undefined;
  readonly providers?: readonly AuthProvider[] | undefined;
  /** Without it, nothing that needs mail is offered. */
  readonly mail?: MailSender | undefined;
  /** Where users reach this server; the only base of links in mails. Mails need it. */
  readonly publicUrl?: URL | undefined;
  /** Default: those of `createThrottle`. */
  readonly throttleBudgets?: Partial<ThrottleBudgets> | undefined;
}

/** What an operator may set. */
export interface AuthSettings {
  readonly passwordSignIn: boolean;
  readonly signUp: boolean;
  readonly anonymous: boolean;
  /** bcrypt's cost, 10 to 14; hashes of less are made anew at sign-in. */
  readonly passwordCost: number;
  readonly minPasswordLength: number;
  readonly accessTokenMs: number;
  /** How long a session lives unused. */
  readonly sessionIdleMs: number;
  /** How long a session lives at most. */
  readonly sessionMaxMs: number;
  /** Beyond it the session that was unused longest is ended. */
  readonly sessionsPerUser: number;
  readonly resetTokenMs: number;
  readonly verifyTokenMs: number;
  /** How old a sign-in may be for what wants a fresh one. */
  readonly freshSignInMs: number;
  readonly keyRotationMs: number;
  /** `iss` of access tokens. Servers that must not take each other's tokens have different ones, or different databases. */
  readonly issuer: string;
  /** What mails and authenticator applications call this service. */
  readonly appName: string;
  /** Paths of the pages that links in mails lead to, below the public URL; the token is added as `#token=`. */
  readonly resetPath: string;
  readonly verifyPath: string;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

export const DEFAULT_AUTH_SETTINGS: AuthSettings = {
  passwordSignIn: true,
  signUp: false,
  anonymous: false,
  passwordCost: 12,
  minPasswordLength: 8,
  accessTokenMs: 15 * MINUTE,
  sessionIdleMs: 30 * DAY,
  sessionMaxMs: 365 * DAY,
  sessionsPerUser: 100,
  resetTokenMs: 60 * MINUTE,
  verifyTokenMs: 3 * DAY,
  freshSignInMs: 10 * MINUTE,
  keyRotationMs: 30 * DAY,
  issuer: 'backside',
  appName: 'Backside',
  resetPath: '/auth/reset',
  verifyPath: '/auth/verify',
};

/** Names that say how somebody signed in without a provider. */
const OWN_WAYS: ReadonlySet<string> = new Set(['password', 'anonymous', 'custom', 'issued', 'device', 'passkey']);
const PROVIDER_NAME = /^[a-z][a-z0-9-]{0,39}$/;

/** The settings in force; throws `invalid-data` for durations that are none, and for provider names that could be mistaken. */
export function checkSettings(options: AuthOptions): AuthSettings {
  const given = Object.entries(options.settings ?? {}).filter(([, value]) => value !== undefined);
  const settings: AuthSettings = { ...DEFAULT_AUTH_SETTINGS, ...Object.fromEntries(given) };
  for (const [name, value] of Object.entries(settings)) {
    const bad = typeof value === 'number' && (!Number.isFinite(value) || value <= 0);
    if (bad) throw new BacksideError('invalid-data', `${name} must be more than zero`);
  }
  if (settings.minPasswordLength < 8) throw new BacksideError('invalid-data', 'Passwords have at least 8 characters');
  const names = [...(options.oidcProviders ?? []), ...(options.providers ?? [])].map(({ name }) => name);
  for (const name of names) {
    if (!PROVIDER_NAME.test(name) || OWN_WAYS.has(name) || names.filter((other) => other === name).length > 1) {
      throw new BacksideError('invalid-data', `"${name}" cannot name a provider, or names two`);
    }
  }
  return settings;
}
