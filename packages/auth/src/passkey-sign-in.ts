import { createHash } from 'node:crypto';
import { BacksideError, type Principal } from '@backside/protocol';
import { type Account, edited, type SecretRecord, waysOf } from './account.js';
import { recordOf } from './accounts.js';
import { type AuthContext, audit, enter } from './auth-context.js';
import { parseDisplayName } from './display-name.js';
import { ownSession, provenOwner } from './own-session.js';
import type { PasskeyApi, PasskeyInfo } from './passkey-api.js';
import { noLongerValid, signInRefused } from './refusals.js';
import type { Client, SignedIn } from './sign-in-api.js';
import { beginSession } from './signed-in.js';
import type { Passkey, Passkeys } from './webauthn.js';

const CEREMONY_MS = 5 * 60_000;
const MAX_PASSKEYS = 20;

/** A passkey as JSON among the account's secrets, under the hash of its id. */
interface KeptPasskey extends Passkey {
  readonly label?: string | undefined;
  readonly createdAt: number;
}

/** See `PasskeyApi`. */
export function createPasskeySignIn(context: AuthContext, passkeys: Passkeys): PasskeyApi {
  return {
    async list(actor): ReturnType<PasskeyApi['list']> {
      const { account } = await ownSession(context, actor);
      return keptBy(account).map(infoOf);
    },
    async startRegistration(actor, { password }, client): ReturnType<PasskeyApi['startRegistration']> {
      const { account } = await provenOwner(context, actor, { password, client });
      const { uid, generation } = account;
      const name = account.email ?? account.username ?? uid;
      const { challenge, options } = await passkeys.registrationOptions({ uid, name, passkeys: keptBy(account) });
      return { ceremony: await keepChallenge(context, { challenge, uid, generation }), options };
    },
    finishRegistration: (actor, request, client) =>
      finishRegistration(context, passkeys, { ...request, actor, client }),
    remove: (actor, request, client) => remove(context, actor, { ...request, client }),
    async startSignIn(client): ReturnType<PasskeyApi['startSignIn']> {
      enter(context, client, { account: null, of: 'requests' });
      const { challenge, options } = await passkeys.authenticationOptions();
      return { ceremony: await keepChallenge(context, { challenge }), options };
    },
    finishSignIn: (request, client) => finishSignIn(context, passkeys, { ...request, client }),
  };
}

async function keepChallenge(
  context: AuthContext,
  data: { readonly challenge: string; readonly uid?: string; readonly generation?: number },
): Promise<string> {
  return (await context.oneTime.create('passkey', { lifetimeMs: CEREMONY_MS, data: { ...data } })).token;
}

async function finishRegistration(
  context: AuthContext,
  passkeys: Passkeys,
  request: Parameters<PasskeyApi['finishRegistration']>[1] & { readonly actor: Principal; readonly client: Client },
): Promise<PasskeyInfo> {
  const { account } = await ownSession(context, request.actor);
  const { challenge, uid, generation } = await context.oneTime.redeem('passkey', request.ceremony);
  if (uid !== account.uid || typeof challenge !== 'string') throw noLongerValid();
  const passkey = await passkeys.verifyRegistration({ challenge, response: request.response });
  const label = request.label === undefined ? undefined : parseDisplayName(request.label);
  const kept: KeptPasskey = { ...passkey, label, createdAt: context.now() };
  await context.accounts.change(account.uid, (current) => {
    if (current.generation !== generation) throw noLongerValid();
    if (keptBy(current).length >= MAX_PASSKEYS) throw new BacksideError('precondition-failed', 'Too many passkeys');
    const record = edited(recordOf(current), { anonymous: undefined });
    return { record, secrets: withPasskey(current.secrets, kept) };
  });
  audit(context, 'passkey-added', request.client, { uid: account.uid });
  return infoOf(kept);
}

async function remove(
  context: AuthContext,
  actor: Principal,
  request: { readonly id: string; readonly password?: string | undefined; readonly client: Client },
): Promise<void> {
  const { id, password, client } = request;
  const { account } = await provenOwner(context, actor, { password, client });
  await context.accounts.change(account.uid, (current) => {
    const kept = keptBy(current);
    const rest = kept.filter((passkey) => keyOf(passkey.id) !== id);
    if (rest.length === kept.length) throw new BacksideError('not-found', 'No such passkey');
    if (rest.length === 0 && waysOf(current).length < 2) {
      throw new BacksideError('precondition-failed', 'It is the only way to sign in');
    }
    return { record: recordOf(current), secrets: edited(current.secrets, { passkeys: formatAll(rest) }) };
  });
  audit(context, 'passkey-removed', client, { uid: account.uid });
}

/** The new counter is stored on condition of the old one: of two proofs with the same count one is refused. */
async function finishSignIn(
  context: AuthContext,
  passkeys: Passkeys,
  request: { readonly ceremony: string; readonly response: unknown; readonly client: Client },
): Promise<SignedIn> {
  const { client, response } = request;
  const admission = enter(context, client, { account: null });
  await context.freshness.refresh();
  const { challenge, uid } = await context.oneTime.redeem('passkey', request.ceremony);
  if (uid !== undefined || typeof challenge !== 'string') throw noLongerValid();
  const id = passkeys.passkeyId(response);
  const account = id === null ? null : context.accounts.byPasskey(keyOf(id));
  const passkey = account === null ? undefined : keptBy(account).find((kept) => kept.id === id);
  if (account === null || passkey === undefined || account.disabled) throw refused(context, client, account);
  const used = await passkeys
    .verifyAuthentication({ challenge, response, passkey, uid: account.uid })
    .catch((error) => {
      refused(context, client, account);
      throw error;
    });
  const after = await context.accounts.change(account.uid, (current) => {
    const before = keptBy(current).find((kept) => kept.id === id);
    if (before?.counter !== passkey.counter || current.disabled) throw signInRefused();
    return { record: recordOf(current), secrets: withPasskey(current.secrets, { ...before, ...used }) };
  });
  admission.withdrawn();
  return beginSession(context, after, { provider: 'passkey', client });
}

function refused(context: AuthContext, client: Client, account: Account | null): BacksideError {
  audit(context, 'sign-in', client, { uid: account?.uid, failed: true, details: { provider: 'passkey' } });
  return signInRefused();
}

/** Of the credential's id, which may be longer than a key of the tree. */
function keyOf(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

function keptBy(account: Account): KeptPasskey[] {
  return Object.values(account.secrets.passkeys ?? {}).map((json) => JSON.parse(json) as KeptPasskey);
}

function withPasskey(secrets: SecretRecord, passkey: KeptPasskey): SecretRecord {
  return edited(secrets, { passkeys: { ...secrets.passkeys, [keyOf(passkey.id)]: JSON.stringify(passkey) } });
}

function formatAll(passkeys: readonly KeptPasskey[]): SecretRecord['passkeys'] {
  if (passkeys.length === 0) return undefined;
  return Object.fromEntries(passkeys.map((passkey) => [keyOf(passkey.id), JSON.stringify(passkey)]));
}

function infoOf({ id, label, createdAt }: KeptPasskey): PasskeyInfo {
  return { id: keyOf(id), label: label ?? null, createdAt };
}
