import { BacksideError, type Principal } from '@backside/protocol';
import { type AccountRecord, edited } from './account.js';
import { recordOf } from './accounts.js';
import { type AuthContext, audit, enter } from './auth-context.js';
import { parseDisplayName } from './display-name.js';
import { mailVerification } from './email-verification.js';
import { normaliseEmail, normaliseUsername } from './login.js';
import { ownSession } from './own-session.js';
import { assertPasswordsInUse, checkPassword } from './password-choice.js';
import { forbidden } from './refusals.js';
import type { Client, SignedIn, SignUpRequest } from './sign-in-api.js';
import { answerFor, beginSession } from './signed-in.js';
import { createUid } from './uid.js';

/** See `SignInApi.signUp`. */
export async function signUp(context: AuthContext, request: SignUpRequest, client: Client): Promise<SignedIn> {
  assertSignUpOpen(context);
  enter(context, client, { account: null, of: 'requests' });
  const names = namesOf(context, request);
  await context.freshness.refresh();
  const password = await context.hasher.hash(request.password);
  const record = edited<AccountRecord>({ version: 0, generation: 1, createdAt: context.now() }, names);
  const account = await context.accounts.create(createUid(), { record, secrets: { password } });
  audit(context, 'sign-up', client, { uid: account.uid, details: { provider: 'password' } });
  mailVerification(context, account);
  return beginSession(context, account, { provider: 'password', client });
}

/** See `SignInApi.anonymous`. */
export async function signInAnonymously(context: AuthContext, client: Client): Promise<SignedIn> {
  if (!context.settings.anonymous) throw forbidden('Anonymous sign-in is closed');
  enter(context, client, { account: null, of: 'requests' });
  const record: AccountRecord = { version: 0, generation: 1, createdAt: context.now(), anonymous: true };
  const account = await context.accounts.create(createUid(), { record, secrets: {} });
  audit(context, 'sign-up', client, { uid: account.uid, details: { provider: 'anonymous' } });
  return beginSession(context, account, { provider: 'anonymous', client });
}

/** See `SignInApi.upgrade`. The session goes on, under a new token; it is the only one that the account has. */
export async function upgradeAnonymous(
  context: AuthContext,
  actor: Principal,
  asked: { readonly request: SignUpRequest; readonly client: Client },
): Promise<SignedIn> {
  const { request, client } = asked;
  assertSignUpOpen(context);
  const { account, session } = await ownSession(context, actor);
  if (!account.anonymous) throw new BacksideError('precondition-failed', 'The account has a way to sign in already');
  enter(context, client, { account: null, of: 'requests' });
  const names = namesOf(context, request);
  const password = await context.hasher.hash(request.password);
  const changed = await context.accounts.change(account.uid, (current) => {
    if (!current.anonymous || current.disabled) throw new BacksideError('precondition-failed');
    const record = edited(recordOf(current), { ...names, anonymous: undefined });
    return { record, secrets: edited(current.secrets, { password }) };
  });
  audit(context, 'sign-up', client, { uid: changed.uid, details: { provider: 'password', upgraded: true } });
  mailVerification(context, changed);
  return answerFor(context, changed, await context.sessions.renew(session.id, { client, provider: 'password' }));
}

function assertSignUpOpen(context: AuthContext): void {
  if (!context.settings.signUp) throw forbidden('Sign-up is closed');
  assertPasswordsInUse(context);
}

/** What the new account will be called; throws unless name and password will do. */
function namesOf(
  context: AuthContext,
  request: SignUpRequest,
): Pick<AccountRecord, 'email' | 'username' | 'displayName'> {
  const email = request.email === undefined ? undefined : normaliseEmail(request.email);
  const username = request.username === undefined ? undefined : normaliseUsername(request.username);
  if (email === undefined && username === undefined) {
    throw new BacksideError('invalid-data', 'An account needs an e-mail address or a username');
  }
  checkPassword(context, request.password, { email, username });
  const displayName = request.displayName === undefined ? undefined : parseDisplayName(request.displayName);
  const named: Partial<AccountRecord> = {};
  return edited(named, { email, username, displayName });
}
