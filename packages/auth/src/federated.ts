import { BacksideError, type Principal } from '@backside/protocol';
import { type Account, edited, waysOf } from './account.js';
import { recordOf } from './accounts.js';
import { type AuthContext, audit, enter } from './auth-context.js';
import type { FederatedApi, FederatedResult, FederatedStart } from './federated-api.js';
import type { Identity } from './identities.js';
import { type OidcProvider, pkceChallenge } from './oidc.js';
import { providerUnavailable } from './oidc-http.js';
import type { OidcIdentity } from './oidc-id-token.js';
import { type OwnSession, ownSession, provenOwner } from './own-session.js';
import { signInRefused } from './refusals.js';
import { createSecret, hashSecret, sameHash } from './secret.js';
import type { Client, SignInResult } from './sign-in-api.js';
import { beginOrChallenge } from './signed-in.js';

/** How long the user may take at the provider. */
const FLOW_MS = 10 * 60_000;
const MAX_RETURN_CHARS = 2048;

/** See `FederatedApi`. */
export function createFederated(context: AuthContext): FederatedApi {
  return {
    start: (request, client) => start(context, request, client),
    finish: (request, client) => finish(context, request, client),
    idToken: (request, client) => signInWithIdToken(context, request, client),
    unlink: (actor, request, client) => unlink(context, actor, { ...request, client }),
  };
}

/** What the provider says, as accounts understand it: a subject means something only together with its issuer. */
export function identityOfOidc(provider: OidcProvider, verified: OidcIdentity): Identity {
  const { issuer, sub, email, emailVerified, name } = verified;
  return { provider: provider.name, subject: `${issuer} ${sub}`, email, emailVerified, name, claims: null };
}

/** What is kept of a flow while the user is at the provider. */
interface Flow {
  readonly provider: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
  /** Hash of the secret in the browser's cookie. */
  readonly browser: string;
  readonly returnTo?: string;
  /** The session whose account gets the identity. */
  readonly uid?: string;
  readonly session?: string;
}

async function start(
  context: AuthContext,
  request: Parameters<FederatedApi['start']>[0],
  client: Client,
): Promise<FederatedStart> {
  const provider = providerNamed(context, request.provider);
  const { redirectUri, returnTo, actor, password } = request;
  if ((returnTo?.length ?? 0) > MAX_RETURN_CHARS)
    throw new BacksideError('invalid-data', 'The return address is too long');
  enter(context, client, { account: null, of: 'requests' });
  const own = actor === undefined ? undefined : await linkingOwner(context, actor, { password, client });
  const [nonce, codeVerifier, browserSecret] = [createSecret(), createSecret(), createSecret()];
  const kept: Flow = { provider: provider.name, nonce, codeVerifier, redirectUri, browser: hashSecret(browserSecret) };
  const data = edited(kept, { returnTo, uid: own?.account.uid, session: own?.session.id });
  const { token: state, expiresAt } = await context.oneTime.create('oidc', { lifetimeMs: FLOW_MS, data: { ...data } });
  const codeChallenge = pkceChallenge(codeVerifier);
  const url = await provider.authorizationUrl({ redirectUri, state, nonce, codeChallenge });
  return { url: url.href, browserSecret, expiresAt };
}

/** A further way in wants the proof that other ways in want. An anonymous account has none to give, and nothing to lose. */
async function linkingOwner(
  context: AuthContext,
  actor: Principal,
  proof: { readonly password: string | undefined; readonly client: Client },
): Promise<OwnSession> {
  const own = await ownSession(context, actor);
  return own.account.anonymous ? own : provenOwner(context, actor, proof);
}

async function finish(context: AuthContext, request: Answer, client: Client): Promise<FederatedResult> {
  const provider = providerNamed(context, request.provider);
  const admission = enter(context, client, { account: null });
  await context.freshness.refresh();
  const flow = await redeemFlow(context, request);
  const returnTo = flow.returnTo ?? null;
  if (request.code === undefined) admission.withdrawn();
  try {
    const identity = identityOfOidc(provider, await verifiedBy(provider, flow, request));
    admission.withdrawn();
    return { ...(await complete(context, flow, { identity, client })), returnTo };
  } catch (error) {
    if (!(error instanceof BacksideError)) throw error;
    const details = { provider: provider.name, reason: error.code };
    audit(context, 'sign-in', client, { uid: flow.uid, failed: true, details });
    return { kind: 'refused', error, returnTo };
  }
}

type Answer = Parameters<FederatedApi['finish']>[0];

/** Reasons that are the provider's own trouble, and may be gone when one tries again. */
const TROUBLE: ReadonlySet<string | undefined> = new Set(['server_error', 'temporarily_unavailable']);

/** Who came back, as the provider says. */
async function verifiedBy(provider: OidcProvider, flow: Flow, { code, error, iss }: Answer): Promise<OidcIdentity> {
  if (code === undefined) {
    const cause = new Error(`the provider said: ${error?.slice(0, 100)}`);
    throw TROUBLE.has(error) ? providerUnavailable(cause) : signInRefused(cause);
  }
  const { codeVerifier, redirectUri, nonce } = flow;
  return provider.exchange({ code, codeVerifier, redirectUri, nonce, ...(iss === undefined ? {} : { iss }) });
}

async function complete(
  context: AuthContext,
  flow: Flow,
  given: { readonly identity: Identity; readonly client: Client },
): Promise<SignInResult | { readonly kind: 'linked' }> {
  if (flow.uid === undefined) return signInAs(context, given.identity, given.client);
  await linkTo(context, { uid: flow.uid, session: flow.session ?? '' }, given);
  return { kind: 'linked' };
}

/** The flow that this very browser began; any doubt is `unauthenticated`. The state is used up even if the browser is the wrong one. */
async function redeemFlow(context: AuthContext, request: Answer): Promise<Flow> {
  let flow: Flow;
  try {
    flow = (await context.oneTime.redeem('oidc', request.state)) as unknown as Flow;
  } catch (error) {
    if (error instanceof BacksideError && error.code === 'expired') throw signInRefused(error);
    throw error;
  }
  const right = flow.provider === request.provider && sameHash(flow.browser, hashSecret(request.browserSecret));
  if (!right) throw signInRefused();
  return flow;
}

async function signInWithIdToken(
  context: AuthContext,
  request: Parameters<FederatedApi['idToken']>[0],
  client: Client,
): Promise<SignInResult> {
  const provider = providerNamed(context, request.provider);
  const admission = enter(context, client, { account: null });
  await context.freshness.refresh();
  const { idToken, nonce } = request;
  const verified = await provider.verifyIdToken(idToken, nonce === undefined ? {} : { nonce });
  admission.withdrawn();
  return signInAs(context, identityOfOidc(provider, verified), client);
}

async function signInAs(context: AuthContext, identity: Identity, client: Client): Promise<SignInResult> {
  const { account, event } = await context.identities.resolve(identity);
  const { provider } = identity;
  if (event === 'created') audit(context, 'sign-up', client, { uid: account.uid, details: { provider } });
  if (event === 'linked') audit(context, 'provider-linked', client, { uid: account.uid, details: { provider } });
  if (account.disabled) throw signInRefused();
  return beginOrChallenge(context, account, { provider, client });
}

/** The session that asked must still hold. An account has its address verified, as the provider has, or is anonymous. */
async function linkTo(
  context: AuthContext,
  asked: { readonly uid: string; readonly session: string },
  given: { readonly identity: Identity; readonly client: Client },
): Promise<void> {
  const { identity, client } = given;
  const mayLink = (account: Account): boolean => {
    const holds = context.sessions.holds(asked.session, account) !== null && !account.disabled;
    return holds && (account.anonymous === true || (account.emailVerified === true && identity.emailVerified));
  };
  await context.identities.link(asked.uid, identity, mayLink);
  audit(context, 'provider-linked', client, { uid: asked.uid, details: { provider: identity.provider } });
}

async function unlink(
  context: AuthContext,
  actor: Principal,
  request: { readonly provider: string; readonly client: Client; readonly password?: string | undefined },
): Promise<void> {
  const { provider, client, password } = request;
  const { account } = await provenOwner(context, actor, { password, client });
  await context.accounts.change(account.uid, (current) => {
    const others = Object.entries(current.identities ?? {}).filter(([name]) => name !== provider);
    if (others.length === Object.keys(current.identities ?? {}).length) throw new BacksideError('not-found');
    if (waysOf(current).length < 2) throw new BacksideError('precondition-failed', 'It is the only way to sign in');
    const identities = others.length === 0 ? undefined : Object.fromEntries(others);
    return { record: edited(recordOf(current), { identities }), secrets: current.secrets };
  });
  audit(context, 'provider-unlinked', client, { uid: account.uid, details: { provider } });
}

function providerNamed(context: AuthContext, name: string): OidcProvider {
  const provider = context.oidc.get(name);
  if (provider === undefined) throw new BacksideError('not-found', 'No such provider');
  return provider;
}
