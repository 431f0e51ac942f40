import { BacksideError, type Principal } from '@backside/protocol';
import { type Account, edited } from './account.js';
import { recordOf } from './accounts.js';
import { type AuthContext, audit, enter, enterMail } from './auth-context.js';
import { normaliseEmail } from './login.js';
import { ownSession, provenOwner } from './own-session.js';
import { noLongerValid } from './refusals.js';
import type { Client } from './sign-in-api.js';

/** Mails a link that verifies the account's address, if it has one that is not verified and mails can be sent. */
export function mailVerification(context: AuthContext, account: Account): void {
  const { uid, email, generation } = account;
  if (email === undefined || account.emailVerified || context.mailer === null) return;
  context.mailer.verification(email, () => verifyToken(context, { uid, generation, email, was: email }));
}

/** See `AccountApi.requestVerification`. */
export async function requestVerification(context: AuthContext, actor: Principal, client: Client): Promise<void> {
  if (context.mailer === null) throw new BacksideError('unavailable', 'Mails cannot be sent');
  const { account } = await ownSession(context, actor);
  enterMail(context, client, account.uid);
  audit(context, 'email-verification-requested', client, { uid: account.uid });
  mailVerification(context, account);
}

/** See `AccountApi.changeEmail`. */
export async function requestEmailChange(
  context: AuthContext,
  actor: Principal,
  asked: { readonly email: string; readonly password: string | undefined; readonly client: Client },
): Promise<void> {
  const { mailer } = context;
  if (mailer === null) throw new BacksideError('unavailable', 'Mails cannot be sent');
  const { client, password } = asked;
  const email = normaliseEmail(asked.email);
  const { account } = await provenOwner(context, actor, { password, client });
  enterMail(context, client, email);
  audit(context, 'email-verification-requested', client, { uid: account.uid });
  const { uid, generation, email: was = '' } = account;
  mailer.emailChange(email, () => verifyToken(context, { uid, generation, email, was }));
}

/** See `SignInApi.verifyEmail`. The link serves only the account as it was: same generation, same address. */
export async function verifyEmail(context: AuthContext, token: string, client: Client): Promise<void> {
  const admission = enter(context, client, { account: null });
  await context.freshness.refresh();
  const { uid, generation, email, was } = await context.oneTime.redeem('verify', token);
  const fits = (account: Account): boolean =>
    account.generation === generation && (account.email ?? '') === was && !account.disabled;
  const before = typeof uid === 'string' ? context.accounts.get(uid) : null;
  if (before === null || typeof email !== 'string' || !fits(before)) throw noLongerValid();
  await dislodge(context, { uid: before.uid, email });
  await context.accounts.change(before.uid, (current) => {
    if (!fits(current)) throw noLongerValid();
    return { record: edited(recordOf(current), { email, emailVerified: true }), secrets: current.secrets };
  });
  admission.withdrawn();
  audit(context, email === was ? 'email-verified' : 'email-changed', client, { uid: before.uid });
  if (email !== was && before.email !== undefined) context.mailer?.emailChanged(before.email);
}

/** Whoever has the address without having verified it loses it to who follows a link that was mailed there. */
async function dislodge(context: AuthContext, { uid, email }: { uid: string; email: string }): Promise<void> {
  const holder = context.accounts.byLogin({ kind: 'email', text: email });
  if (holder === null || holder.uid === uid || holder.emailVerified) return;
  await context.accounts.change(holder.uid, (current) => {
    if (current.email !== email || current.emailVerified) return null;
    return { record: edited(recordOf(current), { email: undefined }), secrets: current.secrets };
  });
}

interface VerifyData {
  readonly uid: string;
  readonly generation: number;
  readonly email: string;
  /** The account's address when the mail was asked for; empty for none. */
  readonly was: string;
}

async function verifyToken(context: AuthContext, data: VerifyData): Promise<string> {
  const lifetimeMs = context.settings.verifyTokenMs;
  return (await context.oneTime.create('verify', { lifetimeMs, data: { ...data } })).token;
}
