import {
  type Carrier,
  type Signature,
  type SignedRequest,
  SignedRequestRefusal,
  type SignedRequestSettings,
  type UsedSignatures,
  verifySignedRequest,
} from '@backside/auth';
import { checkAccountAcl } from '../access/account-rules.js';
import type { BackendjsContext } from '../context.js';
import type { Credential } from '../credentials/credential.js';
import type { Credentials } from '../credentials/credentials.js';
import type { LegacyAccount } from '../credentials/legacy-account.js';
import type { UserAccounts } from '../credentials/user-accounts.js';
import { LegacyError } from '../http/legacy-error.js';
import type { LegacyRequest } from '../http/legacy-request.js';
import type { Params } from '../http/params.js';
import type { BackendjsSettings } from '../settings.js';
import { isWrite } from './is-write.js';
import { credentialOf } from './prove-login.js';
import { readSessionCookie } from './session-cookie.js';

export interface Authentication {
  readonly context: BackendjsContext;
  readonly used: UsedSignatures;
}

/** Whose request this is, and whether cookies count for it. */
export interface ReceivedRequest {
  readonly request: LegacyRequest;
  readonly path: string;
  readonly params: Params;
  readonly body: Buffer | null;
  readonly takesSessions: boolean;
}

const MIN_MEMORY_MS = 1_000;
const MAX_MEMORY_MS = 24 * 60 * 60 * 1_000;

const PROOFS = { request: 'signature', session: 'session', token: 'token' } as const;

/**
 * Who sent the request, by signature, session or token; throws a `LegacyError` in the order of section 2.3. A request with none of them may
 * bear an access token of `@backside/auth`: who has signed in there is somebody here as well.
 */
export async function authenticate(received: ReceivedRequest, parts: Authentication): Promise<LegacyAccount> {
  const { settings, now, credentials, users, guesses } = parts.context;
  const { address } = received.request;
  try {
    const once = takesOnce(settings, received);
    const { account, carrier, signature } = await verifySignedRequest<Credential>(signedRequestOf(received, settings), {
      settings: verifierSettings(settings, received.takesSessions),
      now: now(),
      account: (login) => standing(login, credentials, users),
      admit: (credential) => checkAccountAcl(credential, received.path),
      attempt: ({ login }) => guesses.enter({ account: login, address }),
      used: once ? parts.used : null,
    });
    if (once && carrier === 'request') await useEverywhere(signature, parts.context);
    return await accountOf(account, carrier, users);
  } catch (error) {
    const bearer = bearerOf(received.request);
    if (error instanceof SignedRequestRefusal && error.code === 'NOLOGIN' && bearer !== null) {
      return byBearer(bearer, received, parts.context);
    }
    if (error instanceof SignedRequestRefusal) throw new LegacyError(error.status, error.message, error.code);
    throw error;
  }
}

/** Has all servers of one cache know that the signature was used. While the cache cannot be asked each knows only its own. */
async function useEverywhere({ hmac, expires }: Signature, context: BackendjsContext): Promise<void> {
  const { cache, now, logger, settings } = context;
  const longestMs = (settings.signatureMaxMs || MAX_MEMORY_MS) + settings.signatureAgeMs;
  const ttlMs = Math.min(Math.max(expires + settings.signatureAgeMs - now(), MIN_MEMORY_MS), longestMs);
  let token: string | null;
  try {
    token = await cache.lock(`signature:${hmac}`, ttlMs);
  } catch (error) {
    logger.warn({ err: error }, 'other servers are not told of used signatures: the cache does not answer');
    return;
  }
  if (token === null) throw new LegacyError(401, 'Not authenticated: the signature was used before', 'REPLAY');
}

function bearerOf({ headers }: LegacyRequest): string | null {
  const [, token] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  return token ?? null;
}

async function byBearer(
  token: string,
  { request, path }: ReceivedRequest,
  context: BackendjsContext,
): Promise<LegacyAccount> {
  const { auth, now } = context;
  const principal = await auth.authenticate({ token, database: auth.database, remoteAddress: request.address });
  const credential = await credentialOf(context, principal);
  if (credential.expires > 0 && credential.expires < now()) throw new LegacyError(412, 'Expired account', 'ENDED');
  checkAccountAcl(credential, path);
  const { id, login, name, types } = credential;
  const isAdmin = principal.kind === 'admin' || types.includes('admin');
  return { id, login, name, types, isAdmin, proof: 'bearer', credential, principal };
}

/** What `verifySignedRequest` has to know of the settings. */
export function verifierSettings(settings: BackendjsSettings, takesSessions: boolean): SignedRequestSettings {
  const carriers: Carrier[] = [
    ...(settings.noSignature ? [] : ['request' as const]),
    ...(settings.noAccessToken ? [] : ['token' as const]),
    ...(settings.noSession || !takesSessions ? [] : ['session' as const]),
  ];
  return {
    signatureName: settings.signatureName,
    accessTokenName: settings.accessTokenName,
    accessTokenSecret: settings.accessTokenSecret,
    legacyTokens: settings.accessTokenLegacy,
    ageMs: settings.signatureAgeMs,
    maxAgeMs: settings.signatureMaxMs,
    carriers,
  };
}

/** The request as signatures see it. */
export function signedRequestOf({ request, body }: ReceivedRequest, settings: BackendjsSettings): SignedRequest {
  const { method, url, headers } = request;
  return { method, url, headers, body, session: readSessionCookie(request, settings) };
}

/** The account of a login, unless it was taken away or disabled where accounts are managed. */
async function standing(login: string, credentials: Credentials, users: UserAccounts): Promise<Credential | null> {
  const credential = await credentials.byLogin(login);
  if (credential === null) return null;
  const user = await users.standing(credential.id);
  if (user?.disabled === true) throw new LegacyError(403, 'Access denied', 'NOACCESS');
  return user === null ? null : credential;
}

async function accountOf(credential: Credential, carrier: Carrier, users: UserAccounts): Promise<LegacyAccount> {
  const { id, login, name, types } = credential;
  const user = await users.standing(id);
  const isAdmin = types.includes('admin') || user?.admin === true;
  return { id, login, name, types, isAdmin, proof: PROOFS[carrier], credential, principal: null };
}

function takesOnce({ signatureOnce }: BackendjsSettings, { path, params }: ReceivedRequest): boolean {
  return signatureOnce === 'all' || (signatureOnce === 'writes' && isWrite(path, params));
}
