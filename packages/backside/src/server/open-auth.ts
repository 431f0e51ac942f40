import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type Auth,
  type AuthProvider,
  createAuth,
  createOidcProvider,
  createPrintingMailSender,
  createSmtpMailSender,
  type MailSender,
  type PrivateTree,
  parseMailFrom,
} from '@backside/auth';
import type { Logger } from '@backside/protocol';
import { ConfigError } from '../config/config-error.js';
import type { ServerConfig } from '../config/server-options.js';
import { publicUrlOf } from './public-url.js';

const MAINTENANCE_MS = 60_000;

export interface OpenAuthOptions {
  readonly database: string;
  readonly tree: PrivateTree;
  readonly config: ServerConfig;
  readonly logger: Logger;
}

/** The users of one database. Throws `ConfigError` for a setting that cannot be used. */
export async function openAuth({ database, tree, config, logger }: OpenAuthOptions): Promise<Auth> {
  const publicUrl = publicUrlOf(config) ?? undefined;
  if (publicUrl === undefined && (config.smtpUrl !== null || config.oidcProviders.length > 0)) {
    throw new ConfigError(
      'publicUrl: links in mails and ways back from providers need it where `port` is 0 or `host` stands for all addresses',
    );
  }
  const here = database === config.databases[0] ? '' : `?ns=${database}`;
  return createAuth({
    database,
    tree,
    now: Date.now,
    logger,
    settings: {
      passwordSignIn: config.passwordSignIn,
      signUp: config.signUp,
      anonymous: config.anonymous,
      passwordCost: config.passwordCost,
      minPasswordLength: config.minPasswordLength,
      accessTokenMs: config.accessTokenLifetime,
      sessionIdleMs: config.sessionIdleLifetime,
      sessionMaxMs: config.sessionLifetime,
      resetPath: `/auth/reset${here}`,
      verifyPath: `/auth/verify${here}`,
    },
    customTokenKeys: config.customTokenKeys,
    oidcProviders: config.oidcProviders.map((provider) =>
      createOidcProvider({ ...provider, issuer: new URL(provider.issuer) }, { now: Date.now }),
    ),
    providers: await Promise.all(config.authProviders.map(loadProvider)),
    mail: publicUrl === undefined ? undefined : mailSender(config),
    publicUrl,
  });
}

/** Has it do its housekeeping; returns how to end that. */
export function keepMaintained(auth: Auth, logger: Logger): () => void {
  const timer = setInterval(() => {
    auth.maintain().catch((error: unknown) => logger.warn({ err: error }, 'the housekeeping of sign-in failed'));
  }, MAINTENANCE_MS).unref();
  return () => clearInterval(timer);
}

/** The provider that a module exports. Rejects with `ConfigError`. */
async function loadProvider(file: string): Promise<AuthProvider> {
  let provider: Partial<AuthProvider> | undefined;
  try {
    ({ default: provider } = (await import(pathToFileURL(resolve(file)).href)) as { default?: Partial<AuthProvider> });
  } catch (cause) {
    throw new ConfigError(`authProviders: ${file}: ${(cause as Error).message}`, { cause });
  }
  const { name, authenticate, getUserById } = provider ?? {};
  if (typeof name === 'string' && typeof authenticate === 'function' && typeof getUserById === 'function') {
    return provider as AuthProvider;
  }
  throw new ConfigError(`authProviders: the default export of ${file} has no name, authenticate and getUserById`);
}

function mailSender({ smtpUrl, mailFrom, mode }: ServerConfig): MailSender | undefined {
  if (smtpUrl !== null) return createSmtpMailSender(smtpUrl, parseMailFrom(mailFrom));
  return mode === 'development' ? createPrintingMailSender((text) => process.stderr.write(text)) : undefined;
}
