import { BacksideError, type Principal } from '@backside/protocol';
import { type Account, edited, type SecretRecord } from './account.js';
import { recordOf } from './accounts.js';
import { type AuthContext, audit, enter } from './auth-context.js';
import { ownSession, provenOwner } from './own-session.js';
import { createRecoveryCodes } from './recovery-codes.js';
import { signInRefused } from './refusals.js';
import type { SecondFactorApi } from './second-factor-api.js';
import { useCode } from './second-factor-proof.js';
import type { Client } from './sign-in-api.js';
import { createTotpEnrolment, verifyTotp } from './totp.js';

/** See `SecondFactorApi`. */
export function createSecondFactor(context: AuthContext): SecondFactorApi {
  return {
    enrol: (actor, { password }, client) => enrol(context, actor, { password, client }),
    confirm: (actor, { code }, client) => confirm(context, actor, { code, client }),
    disable: (actor, { password, code }, client) => disable(context, actor, { password, code, client }),
  };
}

async function enrol(
  context: AuthContext,
  actor: Principal,
  request: { readonly password: string | undefined; readonly client: Client },
): ReturnType<SecondFactorApi['enrol']> {
  const { account } = await provenOwner(context, actor, request);
  if (account.anonymous) throw new BacksideError('precondition-failed', 'An anonymous account has no first factor');
  const name = account.email ?? account.username ?? account.uid;
  const enrolment = createTotpEnrolment(context.settings.appName, name);
  await changeSecrets(context, account, (secrets) => {
    if (secrets.totp !== undefined) throw new BacksideError('precondition-failed', 'There is a second factor already');
    return edited(secrets, { totpOffered: enrolment.secret });
  });
  return enrolment;
}

/** The actor's session goes on; all others, and what was proven by one factor on connections, end. */
async function confirm(
  context: AuthContext,
  actor: Principal,
  request: { readonly code: string; readonly client: Client },
): ReturnType<SecondFactorApi['confirm']> {
  const { code, client } = request;
  const { account, session } = await ownSession(context, actor);
  const admission = enter(context, client, { account: `code:${account.uid}`, known: true });
  const { codes, hashes } = createRecoveryCodes();
  await context.accounts.change(account.uid, (current) => {
    const secret = current.secrets.totpOffered;
    const step = secret === undefined ? null : verifyTotp({ secret, code, now: context.now(), lastStep: null });
    if (secret === undefined || step === null) throw signInRefused();
    const recoveryCodes = hashes.join(',');
    const generation = current.generation + 1;
    return {
      record: edited(recordOf(current), { generation }),
      secrets: edited(current.secrets, { totp: secret, totpStep: step, totpOffered: undefined, recoveryCodes }),
      also: context.sessions.clear(account.uid, { id: session.id, generation }),
    };
  });
  admission.succeeded();
  audit(context, 'totp-enabled', client, { uid: account.uid });
  return { recoveryCodes: codes };
}

async function disable(
  context: AuthContext,
  actor: Principal,
  request: { readonly password: string | undefined; readonly code: string; readonly client: Client },
): Promise<void> {
  const { code, client } = request;
  const { account } = await provenOwner(context, actor, request);
  const admission = enter(context, client, { account: `code:${account.uid}`, known: true });
  const proven = await useCode(context, account, { code, client });
  if (proven === null) throw signInRefused();
  admission.succeeded();
  await changeSecrets(context, proven, withoutSecondFactor);
  audit(context, 'totp-disabled', client, { uid: account.uid });
}

/** The secrets of an account with one factor. */
export function withoutSecondFactor(secrets: SecretRecord): SecretRecord {
  return edited(secrets, {
    totp: undefined,
    totpStep: undefined,
    totpOffered: undefined,
    recoveryCodes: undefined,
  });
}

async function changeSecrets(
  context: AuthContext,
  account: Account,
  change: (secrets: SecretRecord) => SecretRecord,
): Promise<void> {
  await context.accounts.change(account.uid, (current) => {
    if (current.generation !== account.generation) throw signInRefused();
    return { record: recordOf(current), secrets: change(current.secrets) };
  });
}
