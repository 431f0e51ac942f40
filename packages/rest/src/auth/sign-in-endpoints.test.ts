import type { SignedIn, User, Ways } from '@backside/auth';
import { describe, expect, test } from 'vitest';
import { ask, PASSWORD, signUp, startServer } from '../testing/rest-fixture.js';

const LOGIN = { login: 'ann@example.com', password: PASSWORD };

describe('signing in over HTTP', () => {
  test('a new account is signed in at once, and its token names it', async () => {
    const server = await startServer();
    const signedIn = await signUp(server);
    expect(signedIn).not.toHaveProperty('kind');
    const me = await ask<User>(server, 'GET /auth/me', { token: signedIn.accessToken });
    expect(me).toMatchObject({ status: 200, json: { uid: signedIn.user.uid, email: 'ann@example.com', admin: false } });
  });

  test('by password', async () => {
    const server = await startServer();
    const { user } = await signUp(server);
    const { json, status } = await ask<SignedIn>(server, 'POST /auth/login', { body: LOGIN });
    expect(status).toBe(200);
    expect(json.user.uid).toBe(user.uid);
    expect(json.accessExpiresAt).toBeGreaterThan(server.clock.now());
  });

  test('anonymously, then as an account of the same uid', async () => {
    const server = await startServer();
    const { json } = await ask<SignedIn>(server, 'POST /auth/anonymous', { body: {} });
    expect(json.user).toMatchObject({ anonymous: true, email: null });
    const upgraded = await ask<SignedIn>(server, 'POST /auth/upgrade', {
      token: json.accessToken,
      body: { email: 'ann@example.com', password: PASSWORD },
    });
    expect(upgraded).toMatchObject({ status: 200, json: { user: { uid: json.user.uid, anonymous: false } } });
    const again = await ask<SignedIn>(server, 'POST /auth/login', { body: LOGIN });
    expect(again.json.user.uid).toBe(json.user.uid);
  });

  test('by refresh token, which is good for one use', async () => {
    const server = await startServer();
    const first = await signUp(server);
    const next = await ask<SignedIn>(server, 'POST /auth/refresh', { body: { refreshToken: first.refreshToken } });
    expect(next.status).toBe(200);
    expect(next.json.refreshToken).not.toBe(first.refreshToken);
    expect(next.json.session.id).toBe(first.session.id);
  });

  test('ends with the session', async () => {
    const server = await startServer();
    const { refreshToken, accessToken } = await signUp(server);
    expect(await ask(server, 'POST /auth/logout', { body: { refreshToken } })).toMatchObject({ status: 204, text: '' });
    expect(await ask(server, 'POST /auth/refresh', { body: { refreshToken } })).toMatchObject({ status: 401 });
    expect(await ask(server, 'GET /auth/me', { token: accessToken })).toMatchObject({ status: 401 });
  });

  test('tells which ways are open', async () => {
    const server = await startServer({ auth: () => ({ settings: { signUp: false, anonymous: false } }) });
    const { json } = await ask<Ways>(server, 'GET /auth/ways');
    expect(json).toMatchObject({ password: true, signUp: false, anonymous: false, oidc: [] });
    expect(await ask(server, 'POST /auth/anonymous', { body: {} })).toMatchObject({ status: 403 });
    expect(
      await ask(server, 'POST /auth/signup', { body: { email: 'a@b.example', password: PASSWORD } }),
    ).toMatchObject({
      status: 403,
    });
  });

  test('is to one database: accounts of another are unknown there', async () => {
    const server = await startServer({ databases: ['main', 'other'] });
    const { accessToken } = await signUp(server);
    expect(await ask(server, 'POST /auth/login?ns=other', { body: LOGIN })).toMatchObject({ status: 401 });
    expect(await ask(server, 'GET /auth/me?ns=other', { token: accessToken })).toMatchObject({ status: 401 });
    expect(await ask(server, 'GET /auth/me?ns=main', { token: accessToken })).toMatchObject({ status: 200 });
  });

  test.each([
    [{ email: 'ann@example.com', password: 'x' }, 400, 'weak-password'],
    [{ email: 'ann@example.com' }, 400, 'invalid-data'],
    [{ email: 'ann@example.com', password: PASSWORD, admin: true }, 400, 'invalid-data'],
    [{ email: 'taken@example.com', password: PASSWORD }, 409, 'email-in-use'],
  ])('refuses to sign up %j', async (body, status, code) => {
    const server = await startServer();
    await signUp(server, 'taken@example.com');
    expect(await ask(server, 'POST /auth/signup', { body })).toMatchObject({ status, json: { error: { code } } });
  });
});
