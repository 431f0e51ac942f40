import { BacksideError } from '@backside/protocol';
import { type Account, edited } from './account.js';
import { type AccountEdit, recordOf } from './accounts.js';
import { type AuthContext, audit, enter, enterMail } from './auth-context.js';
import { parseLogin } from './login.js';
import { assertPasswordsInUse, checkPassword } from './password-choice.js';
import { noLongerValid } from './refusals.js';
import type { Client } from './sign-in-api.js';

/** See `SignInApi.requestReset`. All that depends on whether there is such an account happens after the answer. */
export async function requestReset(context: AuthContext, text: string, client: Client): Promise<void> {
  const { mailer } = context;
  assertPasswordsInUse(context);
  if (mailer === null) throw new BacksideError('unavailable', 'Mails cannot be sent');
  const login = parseLogin(text);
  enterMail(context, client, login?.text ?? text);
  await context.freshness.refresh();
  const account = login === null ? null : context.accounts.byLogin(login);
  audit(context, 'password-reset-requested', client, { uid: account?.uid });
  if (account === null || account.email === undefined || account.disabled) return;
  mailer.reset(account.email, () => resetToken(context, account, { mailed: true }));
}

/** A secret for `reset`; void once the account's generation is another. `mailed`: who has it can read the account's mail. */
export async function resetToken(
  context: AuthContext,
  account: Account,
  { mailed }: { readonly mailed: boolean },
): Promise<string> {
  const { uid, generation, email = '' } = account;
  const lifetimeMs = context.settings.resetTokenMs;
  return (await context.oneTime.create('reset', { lifetimeMs, data: { uid, generation, email, mailed } })).token;
}

/** See `SignInApi.reset`. The password is checked first, so that a weak one does not cost the link. */
export async function resetPassword(
  context: AuthContext,
  request: { readonly token: string; readonly password: string },
  client: Client,
): Promise<void> {
  assertPasswordsInUse(context);
  const admission = enter(context, client, { account: null });
  await context.freshness.refresh();
  const data = context.oneTime.peek('reset', request.token);
  const account = typeof data.uid === 'string' ? context.accounts.get(data.uid) : null;
  if (account === null) throw noLongerValid();
  admission.withdrawn();
  checkPassword(context, request.password, account);
  const password = await context.hasher.hash(request.password);
  await context.oneTime.redeem('reset', request.token);
  const changed = await context.accounts.change(account.uid, (current) => {
    const valid = current.generation === data.generation && (current.email ?? '') === data.email;
    if (!valid || current.disabled) throw noLongerValid();
    return withPassword(context, current, { password, provenEmail: data.mailed === true });
  });
  audit(context, 'password-reset', client, { uid: changed.uid });
  if (changed.email !== undefined) context.mailer?.passwordChanged(changed.email);
}

/**
 * The account with another password; all that was proven before is void. If the owner has thereby proven an address that
 * was not verified, whatever was attached to the account before goes: somebody else may have attached it.
 */
export function withPassword(
  context: AuthContext,
  account: Account,
  change: { readonly password: string; readonly provenEmail: boolean },
): AccountEdit {
  const { password, provenEmail } = change;
  const first = provenEmail && !account.emailVerified;
  const record = edited(recordOf(account), {
    generation: account.generation + 1,
    emailVerified: provenEmail ? true : account.emailVerified,
    ...(first ? { identities: undefined, providerClaims: undefined } : {}),
  });
  const secrets = first ? { password } : edited(account.secrets, { password });
  return { record, secrets, also: context.sessions.clear(account.uid) };
}
