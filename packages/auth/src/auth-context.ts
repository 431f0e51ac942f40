import { BacksideError, type Logger } from '@backside/protocol';
import type { AccessTokens } from './access-token.js';
import type { Accounts } from './accounts.js';
import type { AuditLog, AuditType } from './audit.js';
import type { AuthSettings } from './auth-options.js';
import type { AuthProvider } from './auth-provider.js';
import type { CustomTokenVerifier } from './custom-token.js';
import type { Devices } from './devices.js';
import type { Freshness } from './freshness.js';
import type { Identities } from './identities.js';
import type { Mailer } from './mailer.js';
import type { OidcProvider } from './oidc.js';
import type { OneTimeTokens } from './one-time-tokens.js';
import type { PasswordHasher } from './password-hash.js';
import type { Principals } from './principals.js';
import type { PrivateTree } from './private-tree.js';
import type { Sessions } from './sessions.js';
import type { Client } from './sign-in-api.js';
import type { Admission, Throttle } from './throttle.js';

/** What the parts of one `Auth` share. */
export interface AuthContext {
  readonly database: string;
  readonly tree: PrivateTree;
  readonly now: () => number;
  readonly logger: Logger;
  readonly settings: AuthSettings;
  /** Where users reach this server, as configured. */
  readonly publicUrl: URL | null;
  readonly freshness: Freshness;
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly devices: Devices;
  readonly identities: Identities;
  readonly oneTime: OneTimeTokens;
  readonly principals: Principals;
  readonly accessTokens: AccessTokens;
  readonly hasher: PasswordHasher;
  /** Proofs of who somebody is. */
  readonly throttle: Throttle;
  /** What anybody may ask for without a proof: accounts, mails, code flows. */
  readonly requests: Throttle;
  /** Mails to one account, whoever asks for them. */
  readonly mails: Throttle;
  readonly auditLog: AuditLog;
  readonly mailer: Mailer | null;
  readonly custom: CustomTokenVerifier | null;
  readonly oidc: ReadonlyMap<string, OidcProvider>;
  readonly providers: readonly AuthProvider[];
}

/** What an audit event says beside its time. */
export interface Happened {
  readonly uid?: string | undefined;
  readonly by?: string | undefined;
  readonly failed?: boolean;
  readonly details?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** Writes down what happened; `client` is null for what the server or a tool did. */
export function audit(context: AuthContext, type: AuditType, client: Client | null, happened: Happened): void {
  const { uid, by, failed, details } = happened;
  context.auditLog.record({
    type,
    outcome: failed ? 'failure' : 'success',
    time: context.now(),
    address: client?.address ?? 'local',
    ...(uid === undefined ? {} : { uid }),
    ...(by === undefined ? {} : { by }),
    ...(details === undefined ? {} : { details }),
  });
}

/** Lets an attempt at a proof in, or throws `rate-limited` and writes that down. */
export function enter(
  context: AuthContext,
  client: Client,
  attempt: { readonly account: string | null; readonly known?: boolean; readonly of?: 'throttle' | 'requests' },
): Admission {
  const { account, known = false } = attempt;
  try {
    return context[attempt.of ?? 'throttle'].enter({ account, address: client.address, known });
  } catch (error) {
    if (error instanceof BacksideError) audit(context, 'throttled', client, { failed: true });
    throw error;
  }
}

/** Lets a request for a mail in: so many from one address, and so many about one login, whether it exists or not. */
export function enterMail(context: AuthContext, client: Client, login: string): void {
  const { mails } = context;
  enter(context, client, { account: null, of: 'requests' });
  mails.enter({ account: login, address: login });
}
