import { isIP } from 'node:net';
import { BacksideError } from '@backside/protocol';
import { createAccessTokens } from './access-token.js';
import { Accounts } from './accounts.js';
import { requireAdmin } from './admin.js';
import { combineAuditLogs, createLoggerAuditLog } from './audit.js';
import { createTreeAuditLog, type TreeAuditLog } from './audit-tree.js';
import type { Auth, Ways } from './auth.js';
import { type AuthContext, audit } from './auth-context.js';
import { type AuthOptions, type AuthSettings, checkSettings } from './auth-options.js';
import { authenticate } from './authenticate.js';
import { Background } from './background.js';
import { createCustomTokenVerifier } from './custom-token.js';
import { createDeviceAdmin } from './device-admin.js';
import { Devices } from './devices.js';
import { createFederated } from './federated.js';
import { Freshness } from './freshness.js';
import { Housekeeping } from './housekeeping.js';
import { Identities } from './identities.js';
import { createMailer } from './mailer.js';
import { OneTimeTokens } from './one-time-tokens.js';
import { createOwnAccount } from './own-account.js';
import type { PasskeyApi } from './passkey-api.js';
import { createPasskeySignIn } from './passkey-sign-in.js';
import { createPasswordHasher } from './password-hash.js';
import { PATHS } from './paths.js';
import { Principals } from './principals.js';
import { createSecondFactor } from './second-factor.js';
import { Sessions } from './sessions.js';
import { createSignIn } from './sign-in.js';
import { SigningKeys } from './signing-keys.js';
import { createThrottle, type ThrottleBudgets } from './throttle.js';
import { createUsers } from './users.js';
import { createPasskeys } from './webauthn.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** For what needs no proof: many may share an address, so it is only flooding that is slowed down. */
const REQUEST_BUDGETS: Partial<ThrottleBudgets> = {
  address: { free: 200, firstDelayMs: SECOND, maxDelayMs: MINUTE, forgetMs: 10 * SECOND },
};

/** Mails about one login: three, then one every minute, then one every five. */
const MAIL_BUDGETS: Partial<ThrottleBudgets> = {
  stranger: { free: 3, firstDelayMs: MINUTE, maxDelayMs: 5 * MINUTE, forgetMs: 10 * MINUTE },
};

/**
 * The users of one database. Reads the signing keys from the private tree, or makes the first one. Throws `invalid-data` for
 * options that cannot be safe.
 */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const settings = checkSettings(options);
  const { tree, now, logger } = options;
  const keys = await SigningKeys.open({
    tree,
    now,
    rotationMs: settings.keyRotationMs,
    tokenMs: settings.accessTokenMs,
  });
  const background = new Background(logger);
  const auditTree = createTreeAuditLog({ tree, logger, path: PATHS.audit });
  const auditLog = combineAuditLogs(createLoggerAuditLog(logger), auditTree);
  const context: AuthContext = {
    ...storesOf(options, settings),
    settings,
    publicUrl: options.publicUrl ?? null,
    accessTokens: createAccessTokens({ keys, issuer: settings.issuer, database: options.database, now }),
    hasher: await createPasswordHasher({ cost: settings.passwordCost }),
    throttle: createThrottle({ now, ...(options.throttleBudgets && { budgets: options.throttleBudgets }) }),
    requests: createThrottle({ now, budgets: REQUEST_BUDGETS }),
    mails: createThrottle({ now, budgets: MAIL_BUDGETS }),
    auditLog,
    mailer: mailerOf(options, settings, background),
    custom: options.customTokenKeys?.length ? createCustomTokenVerifier(options.customTokenKeys, now) : null,
    oidc: new Map((options.oidcProviders ?? []).map((provider) => [provider.name, provider])),
    providers: options.providers ?? [],
  };
  return assemble(context, { keys, background, auditTree });
}

function storesOf(
  options: AuthOptions,
  settings: AuthSettings,
): Pick<
  AuthContext,
  | 'database'
  | 'tree'
  | 'now'
  | 'logger'
  | 'freshness'
  | 'accounts'
  | 'sessions'
  | 'devices'
  | 'identities'
  | 'oneTime'
  | 'principals'
> {
  const { database, tree, now, logger } = options;
  const freshness = new Freshness(tree);
  const accounts = new Accounts(tree);
  const { sessionIdleMs: idleMs, sessionMaxMs: maxMs, sessionsPerUser: perUser } = settings;
  const sessions = new Sessions({ tree, now, idleMs, maxMs, perUser });
  const devices = new Devices(tree, now);
  return {
    database,
    tree,
    now,
    logger,
    freshness,
    accounts,
    sessions,
    devices,
    identities: new Identities(accounts, now),
    oneTime: new OneTimeTokens(tree, now),
    principals: new Principals({ tree, freshness, logger, now, accounts, sessions, devices }),
  };
}

interface Running {
  readonly keys: SigningKeys;
  readonly background: Background;
  readonly auditTree: TreeAuditLog;
}

function assemble(context: AuthContext, running: Running): Auth {
  const { keys, background, auditTree } = running;
  const housekeeping = new Housekeeping(context, keys);
  const passkeys = passkeysOf(context);
  const settled = async (): Promise<void> => {
    await background.settled();
    await auditTree.settled();
  };
  return {
    database: context.database,
    ways: { ...waysOf(context), passkeys: passkeys !== null },
    authenticate: (credentials) => authenticate(context, credentials),
    watch: (principal, changed) => context.principals.watch(principal, changed),
    current: (principal) => context.principals.current(principal),
    signIn: createSignIn(context),
    federated: createFederated(context),
    account: createOwnAccount(context),
    secondFactor: createSecondFactor(context),
    passkeys,
    users: createUsers(context),
    devices: createDeviceAdmin(context),
    async audit(actor, { limit = 100 } = {}): ReturnType<Auth['audit']> {
      await requireAdmin(context, actor);
      return auditTree.entries(Math.min(Math.max(1, Math.floor(limit)), 1000));
    },
    async rotateKeys(actor, { immediately = false } = {}): Promise<void> {
      const by = await requireAdmin(context, actor);
      await keys.rotate(immediately);
      audit(context, 'signing-key-rotated', null, { by, details: { immediately } });
    },
    maintain: () => housekeeping.run(),
    settled,
    async close(): Promise<void> {
      keys.close();
      await settled();
    },
  };
}

function waysOf(context: AuthContext): Omit<Ways, 'passkeys'> {
  const { settings, custom, oidc, mailer } = context;
  return {
    password: settings.passwordSignIn || context.providers.length > 0,
    signUp: settings.signUp && settings.passwordSignIn,
    anonymous: settings.anonymous,
    custom: custom !== null,
    oidc: [...oidc.keys()],
    mail: mailer !== null,
  };
}

function passkeysOf(context: AuthContext): PasskeyApi | null {
  const { publicUrl, settings } = context;
  if (publicUrl === null || !canHavePasskeys(publicUrl)) return null;
  return createPasskeySignIn(context, createPasskeys({ name: settings.appName, publicUrl }));
}

/** Browsers have them for host names over https, and for localhost. */
function canHavePasskeys({ protocol, hostname }: URL): boolean {
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return false;
  return protocol === 'https:' || (protocol === 'http:' && hostname === 'localhost');
}

function mailerOf(options: AuthOptions, settings: AuthSettings, background: Background): AuthContext['mailer'] {
  const { mail: sender, publicUrl } = options;
  if (sender === undefined) return null;
  if (publicUrl === undefined) throw new BacksideError('invalid-data', 'Mails need the public URL that links lead to');
  return createMailer({ sender, publicUrl, settings, background });
}
