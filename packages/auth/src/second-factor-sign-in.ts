import { type AuthContext, audit, enter } from './auth-context.js';
import { isKnownAt } from './password-proof.js';
import { signInRefused } from './refusals.js';
import { useCode } from './second-factor-proof.js';
import type { Client, SignedIn } from './sign-in-api.js';
import { beginSession } from './signed-in.js';

/** See `SignInApi.secondFactor`. The challenge stays for a further try until it has seen five wrong codes. */
export async function finishWithCode(
  context: AuthContext,
  request: { readonly challenge: string; readonly code: string },
  client: Client,
): Promise<SignedIn> {
  await context.freshness.refresh();
  const { uid, generation, provider, external } = context.oneTime.peek('second-factor', request.challenge);
  const account = typeof uid === 'string' ? context.accounts.get(uid) : null;
  if (account === null || account.generation !== generation || account.disabled || typeof provider !== 'string') {
    throw signInRefused();
  }
  const known = isKnownAt(context, account, client);
  const admission = enter(context, client, { account: `code:${account.uid}`, known });
  const proven = await useCode(context, account, { code: request.code, client });
  if (proven === null) {
    audit(context, 'second-factor', client, { uid: account.uid, failed: true });
    await context.oneTime.fail('second-factor', request.challenge);
    throw signInRefused();
  }
  await context.oneTime.redeem('second-factor', request.challenge);
  admission.succeeded();
  audit(context, 'second-factor', client, { uid: account.uid });
  return beginSession(context, proven, {
    provider,
    client,
    external: typeof external === 'string' ? external : undefined,
  });
}
