import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FederatedResult, FederatedStart } from './federated-api.js';
import { createOidcProvider, pkceChallenge } from './oidc.js';
import {
  type AuthFixture,
  authenticate,
  createAuthFixture,
  HOME,
  PASSWORD,
  refusal,
  SERVER,
} from './testing/auth-fixture.js';
import { HandmadeIssuer } from './testing/handmade-issuer.js';
import { LaggingTree } from './testing/lagging-tree.js';

const REDIRECT = 'https://app.example.org/auth/oidc/test/callback';
const REFUSED = { code: 'unauthenticated', message: 'Sign-in refused' };

let issuer: HandmadeIssuer;
let fixture: AuthFixture;

beforeEach(async () => {
  issuer = new HandmadeIssuer();
  await issuer.start();
  const clock = { time: 1_800_000_000_000 };
  const config = { name: 'test', issuer: new URL(issuer.url), clientId: 'us', allowInsecureHttp: true };
  const provider = createOidcProvider(config, { now: () => clock.time, timeoutMs: 20_000 });
  const other = createOidcProvider({ ...config, name: 'other', clientId: 'them' }, { now: () => clock.time });
  fixture = await createAuthFixture({}, { oidcProviders: [provider, other], now: () => clock.time });
});

afterEach(() => issuer.stop());

interface Person {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
}

const BOB: Person = { sub: 'bob', email: 'bob@example.org', email_verified: true };

function idToken(person: Person, fields: object = {}): Promise<string> {
  return issuer.sign(issuer.claims(1_800_000_000_000, { ...person, ...fields }));
}

/** Lets the token endpoint answer the code of this flow: with what belongs to the request that the browser was sent with. */
function consent(start: FederatedStart, person: Person): string {
  const asked = new URL(start.url).searchParams;
  issuer.answers.set('/token', async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const form = new URLSearchParams(body);
    const proven = pkceChallenge(form.get('code_verifier') ?? '') === asked.get('code_challenge');
    const right = proven && form.get('code') === 'the-code' && form.get('redirect_uri') === asked.get('redirect_uri');
    const answer = right
      ? { access_token: 'x', token_type: 'bearer', id_token: await idToken(person, { nonce: asked.get('nonce') }) }
      : { error: 'invalid_grant' };
    response.writeHead(right ? 200 : 400, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  return asked.get('state') ?? '';
}

function stateOf(start: FederatedStart): string {
  return new URL(start.url).searchParams.get('state') ?? '';
}

function begin(fields: object = {}): Promise<FederatedStart> {
  return fixture.auth.federated.start({ provider: 'test', redirectUri: REDIRECT, ...fields }, HOME);
}

function end(start: FederatedStart, state: string, fields: object = {}): Promise<FederatedResult> {
  const request = { provider: 'test', state, browserSecret: start.browserSecret, code: 'the-code', ...fields };
  return fixture.auth.federated.finish(request, HOME);
}

/** Rejects also with a refusal that is a result. */
async function finish(start: FederatedStart, state: string, fields: object = {}): Promise<FederatedResult> {
  const result = await end(start, state, fields);
  if (result.kind === 'refused') throw result.error;
  return result;
}

function withIdToken(person: Person) {
  return idToken(person).then((token) => fixture.auth.federated.idToken({ provider: 'test', idToken: token }, HOME));
}

async function uidOf(result: Promise<{ kind: string }>): Promise<string> {
  const done = (await result) as { kind: string; user?: { uid: string } };
  return done.user?.uid ?? done.kind;
}

describe('the code flow', () => {
  it('signs in, and the same person to the same account', async () => {
    const start = await begin({ returnTo: '/after' });
    const result = await finish(start, consent(start, BOB));
    expect(result).toMatchObject({
      kind: 'signed-in',
      returnTo: '/after',
      user: { email: 'bob@example.org', emailVerified: true, providers: ['test'] },
      session: { provider: 'test' },
    });
    const again = await begin();
    expect(await uidOf(finish(again, consent(again, BOB)))).toBe(await uidOf(Promise.resolve(result)));
    expect(fixture.tree.keys(['accounts'])).toHaveLength(1);
  });

  it('takes a state once', async () => {
    const start = await begin();
    const state = consent(start, BOB);
    await finish(start, state);
    expect(await refusal(finish(start, state))).toEqual(REFUSED);
  });

  it('takes a state only from the browser that it was given to, and then never again', async () => {
    const [attacker, victim] = [await begin(), await begin()];
    const state = consent(attacker, BOB);
    expect(await refusal(finish(victim, state))).toEqual(REFUSED);
    expect(await refusal(finish(attacker, state))).toEqual(REFUSED);
  });

  it('takes a state for ten minutes, and only at the provider that it was made for', async () => {
    const start = await begin();
    expect(start.expiresAt).toBe(1_800_000_000_000 + 600_000);
    const state = consent(start, BOB);
    expect(await refusal(finish(start, state, { provider: 'other' }))).toEqual(REFUSED);
    expect(await refusal(finish(start, 'A'.repeat(43)))).toEqual(REFUSED);
  });

  it('is refused for a code of another flow', async () => {
    const start = await begin();
    const other = await begin();
    const state = new URL(start.url).searchParams.get('state') ?? '';
    consent(other, BOB);
    expect(await refusal(finish(start, state))).toEqual(REFUSED);
  });

  it.each([
    ['access_denied', 'unauthenticated'],
    ['login_required', 'unauthenticated'],
    ['x'.repeat(10_000), 'unauthenticated'],
    ['temporarily_unavailable', 'unavailable'],
    [undefined, 'unauthenticated'],
  ])('that the provider ends with %s tells where the browser wanted to go', async (error, code) => {
    const start = await begin({ returnTo: '/after' });
    const refused = await end(start, stateOf(start), { code: undefined, error });
    expect(refused).toMatchObject({ kind: 'refused', error: { code }, returnTo: '/after' });
    expect(await refusal(end(start, stateOf(start), { code: undefined, error }))).toEqual(REFUSED);
  });

  it('that fails tells only the browser that began it where it wanted to go', async () => {
    const [start, other] = [await begin({ returnTo: '/after' }), await begin({ returnTo: '/other' })];
    consent(other, BOB);
    expect(await end(start, stateOf(start))).toMatchObject({ kind: 'refused', returnTo: '/after' });
    const stranger = { code: undefined, error: 'access_denied', browserSecret: start.browserSecret };
    expect(await refusal(end(other, stateOf(other), stranger))).toEqual(REFUSED);
  });

  it('keeps verifier and browser secret to itself', async () => {
    const start = await begin();
    const stored = JSON.stringify(fixture.tree.read(['oneTime']));
    expect(start.url).not.toContain(start.browserSecret);
    expect(stored).not.toContain(start.browserSecret);
    expect(stored).not.toContain(new URL(start.url).searchParams.get('state'));
  });

  it('is for configured providers', async () => {
    expect(await refusal(begin({ provider: 'constructor' }))).toMatchObject({ code: 'not-found' });
    expect(fixture.auth.ways.oidc).toEqual(['test', 'other']);
  });
});

describe('an identity at a provider', () => {
  it('goes to the account with the same address if both sides verified it', async () => {
    const { user } = await fixture.signUp('bob');
    await fixture.auth.users.update(SERVER, user.uid, { emailVerified: true });
    expect(await uidOf(withIdToken(BOB))).toBe(user.uid);
    expect((await fixture.auth.users.get(SERVER, user.uid)).providers).toEqual(['password', 'test']);
  });

  it('does not go to an account whose address the provider does not vouch for', async () => {
    const { user } = await fixture.signUp('bob');
    await fixture.auth.users.update(SERVER, user.uid, { emailVerified: true });
    const uid = await uidOf(withIdToken({ ...BOB, sub: 'eve', email_verified: false }));
    expect(uid).not.toBe(user.uid);
    expect((await fixture.auth.users.get(SERVER, uid)).email).toBeNull();
  });

  it('takes its address from an account that merely claimed it, which is no way in to the new account', async () => {
    const squatter = await fixture.signUp('bob');
    const uid = await uidOf(withIdToken(BOB));
    expect(uid).not.toBe(squatter.user.uid);
    expect((await fixture.auth.users.get(SERVER, uid)).email).toBe('bob@example.org');
    expect((await fixture.auth.users.get(SERVER, squatter.user.uid)).email).toBeNull();
    expect(await refusal(fixture.login('bob@example.org'))).toEqual(REFUSED);
  });

  it('does not go to an account that has another identity at the same provider: addresses are given away again', async () => {
    const uid = await uidOf(withIdToken(BOB));
    const heir = await uidOf(withIdToken({ ...BOB, sub: 'heir' }));
    expect(heir).not.toBe(uid);
    expect(await uidOf(withIdToken(BOB))).toBe(uid);
    expect((await fixture.auth.users.get(SERVER, heir)).email).toBeNull();
  });

  it('makes one account, however often it comes at once', async () => {
    const nodes = [fixture.auth, await fixture.connect(new LaggingTree(fixture.tree))];
    const token = await idToken(BOB);
    const results = await Promise.all(
      [0, 1, 0, 1, 0, 1].map((i) => nodes[i]!.federated.idToken({ provider: 'test', idToken: token }, HOME)),
    );
    expect(new Set(results.map((each) => (each.kind === 'signed-in' ? each.user.uid : each.kind))).size).toBe(1);
    expect(fixture.tree.keys(['accounts'])).toHaveLength(1);
  });

  it('never goes to an admin by itself', async () => {
    const { uid } = await fixture.auth.users.create(SERVER, {
      email: 'bob@example.org',
      emailVerified: true,
      password: PASSWORD,
      admin: true,
    });
    expect(await uidOf(withIdToken(BOB))).not.toBe(uid);
  });

  it('is linked to an anonymous account that asks for it, which keeps its uid', async () => {
    const nobody = await fixture.auth.signIn.anonymous(HOME);
    const start = await begin({ actor: await fixture.principal(nobody) });
    expect(await finish(start, consent(start, BOB))).toEqual({ kind: 'linked', returnTo: null });
    expect(await fixture.auth.users.get(SERVER, nobody.user.uid)).toMatchObject({
      anonymous: false,
      email: 'bob@example.org',
      emailVerified: true,
    });
    expect(await uidOf(withIdToken(BOB))).toBe(nobody.user.uid);
  });

  it('is linked on demand only if both sides have a verified address, and the session still holds', async () => {
    const { user, session } = await fixture.signUp('carol');
    const actor = await authenticate(
      fixture.auth,
      ((await fixture.login('carol')) as { accessToken: string }).accessToken,
    );
    const attempt = async (person: Person): Promise<unknown> => {
      const start = await begin({ actor, password: PASSWORD });
      const state = consent(start, person);
      return finish(start, state).then(
        ({ kind }) => kind,
        (error: { code: string }) => error.code,
      );
    };
    expect(await attempt(BOB)).toBe('permission-denied');
    await fixture.auth.users.update(SERVER, user.uid, { emailVerified: true });
    expect(await attempt({ ...BOB, email_verified: false })).toBe('permission-denied');
    const start = await begin({ actor, password: PASSWORD });
    await fixture.auth.users.revokeSessions(SERVER, user.uid);
    expect(await refusal(finish(start, consent(start, BOB)))).toMatchObject({ code: 'permission-denied' });
    expect(session.uid).toBe(user.uid);
  });

  it('is not linked by whoever merely got hold of an access token', async () => {
    const actor = await fixture.principal(await fixture.signUp('carol'));
    expect(await refusal(begin({ actor }))).toMatchObject({ code: 'reauthentication-required' });
    expect(await refusal(begin({ actor, password: 'a guess' }))).toEqual(REFUSED);
    expect(await begin({ actor, password: PASSWORD })).toMatchObject({ url: expect.any(String) });
  });

  it('of somebody else is not linked a second time', async () => {
    await withIdToken(BOB);
    const nobody = await fixture.auth.signIn.anonymous(HOME);
    const start = await begin({ actor: await fixture.principal(nobody) });
    expect(await refusal(finish(start, consent(start, BOB)))).toMatchObject({ code: 'precondition-failed' });
  });

  it('can be given up unless it is the only way in', async () => {
    const only = await withIdToken(BOB);
    const actor = await fixture.principal(only as never);
    const unlink = (): Promise<void> => fixture.auth.federated.unlink(actor, { provider: 'test' }, HOME);
    expect(await refusal(unlink())).toMatchObject({ code: 'precondition-failed' });
    await fixture.auth.users.update(SERVER, (actor as { uid: string }).uid, { password: PASSWORD });
    const fresh = await fixture.principal((await fixture.login('bob@example.org')) as never);
    await fixture.auth.federated.unlink(fresh, { provider: 'test', password: PASSWORD }, HOME);
    expect((await fixture.auth.account.me(fresh)).providers).toEqual(['password']);
  });
});

describe('an id token', () => {
  it('is shown to no issuer but the one that it names', async () => {
    const down = new HandmadeIssuer();
    await down.start();
    down.answers.set('/.well-known/openid-configuration', (_: IncomingMessage, response: ServerResponse) =>
      response.writeHead(503).end(),
    );
    const config = { name: 'down', issuer: new URL(down.url), clientId: 'us', allowInsecureHttp: true };
    const provider = createOidcProvider(config, { now: () => fixture.clock.time });
    const { auth } = await createAuthFixture({}, { oidcProviders: [provider] });
    const own = await down.sign(down.claims(1_800_000_000_000));
    expect(await refusal(authenticate(auth, own))).toMatchObject({ code: 'unavailable' });
    expect(await refusal(authenticate(auth, await idToken(BOB)))).toEqual(REFUSED);
    expect(await refusal(authenticate(auth, 'no token at all'))).toEqual(REFUSED);
    down.stop();
  });

  it('opens a connection as the linked account, until it expires', async () => {
    const uid = await uidOf(withIdToken(BOB));
    const principal = await authenticate(fixture.auth, await idToken(BOB));
    expect(principal).toMatchObject({ kind: 'user', uid, provider: 'test', expiresAt: 1_800_000_300_000 });
  });

  it('of another issuer, audience or key opens nothing', async () => {
    const rogue = new HandmadeIssuer();
    await rogue.start();
    const foreign = await rogue.sign(rogue.claims(1_800_000_000_000));
    rogue.stop();
    for (const token of [
      foreign,
      await idToken(BOB, { aud: 'third' }),
      await idToken(BOB, { iss: 'https://evil.example' }),
    ]) {
      expect(await refusal(authenticate(fixture.auth, token))).toEqual(REFUSED);
    }
  });

  it('wants a second factor if the account has one', async () => {
    const uid = await uidOf(withIdToken(BOB));
    await fixture.tree.update([{ path: ['secrets', uid, 'totp'], value: 'JBSWY3DPEHPK3PXP' }]);
    expect(await withIdToken(BOB)).toMatchObject({ kind: 'second-factor-required' });
    const connect = authenticate(fixture.auth, await idToken(BOB));
    expect(await refusal(connect)).toMatchObject({ code: 'second-factor-required' });
  });

  it('of a disabled account opens nothing', async () => {
    const uid = await uidOf(withIdToken(BOB));
    await fixture.auth.users.update(SERVER, uid, { disabled: true });
    expect(await refusal(withIdToken(BOB))).toEqual(REFUSED);
    expect(await refusal(authenticate(fixture.auth, await idToken(BOB)))).toEqual(REFUSED);
  });
});
