import { type AuthContext, audit } from './auth-context.js';
import { ask, identityOf } from './password-proof.js';
import { CUSTOM } from './principals.js';
import { signInRefused } from './refusals.js';
import type { SessionRecord } from './session-record.js';
import { ReusedTokenError } from './sessions.js';
import type { Client, SignedIn } from './sign-in-api.js';
import { answerFor } from './signed-in.js';

/** See `SignInApi.refresh`. Decided on the newest state of all nodes: a token that another node gave out is no copy. */
export async function refreshSession(
  context: AuthContext,
  request: { readonly refreshToken: string; readonly attempt?: string | undefined },
  client: Client,
): Promise<SignedIn> {
  await context.freshness.refresh();
  const { token, record } = context.sessions.find(request.refreshToken);
  await assertStillKnown(context, token.session, record);
  try {
    const open = await context.sessions.rotate(request.refreshToken, { client, attempt: request.attempt });
    const account = context.accounts.get(record.uid);
    if (account === null || context.sessions.holds(open.id, account) === null) throw signInRefused();
    return await answerFor(context, account, open);
  } catch (error) {
    if (error instanceof ReusedTokenError) audit(context, 'token-reuse', client, { uid: error.uid, failed: true });
    throw error;
  }
}

/** See `SignInApi.logout`. */
export async function logout(context: AuthContext, refreshToken: string, client: Client): Promise<void> {
  await context.freshness.refresh();
  const found = findSession(context, refreshToken);
  if (found === null) return;
  await context.sessions.end(found.record.uid, found.token.session);
  audit(context, 'sign-out', client, { uid: found.record.uid });
}

function findSession(context: AuthContext, refreshToken: string): ReturnType<AuthContext['sessions']['find']> | null {
  try {
    return context.sessions.find(refreshToken);
  } catch {
    return null;
  }
}

/** The account must still be able to sign in, and the directory that it came from, if any, still know it. */
async function assertStillKnown(context: AuthContext, id: string, record: SessionRecord): Promise<void> {
  const account = context.accounts.get(record.uid);
  if (account === null || account.disabled || context.sessions.holds(id, account) === null) throw signInRefused();
  if (account.admin && record.provider === CUSTOM) throw signInRefused();
  if (record.external === undefined) return;
  const provider = context.providers.find(({ name }) => name === record.provider);
  const external = record.external;
  const user = provider === undefined ? null : await ask(provider, () => provider.getUserById(external));
  if (provider === undefined || user === null || user.id !== external) {
    await context.sessions.end(record.uid, id);
    throw signInRefused();
  }
  await context.identities.resolve(identityOf(provider, user));
}
