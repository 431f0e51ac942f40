import type { Session, SignedIn } from '@backside/auth';
import { beforeEach, describe, expect, test } from 'vitest';
import { ask, PASSWORD, signUp, startServer, type TestServer } from '../testing/rest-fixture.js';

let server: TestServer;
let ann: SignedIn;

beforeEach(async () => {
  server = await startServer();
  ann = await signUp(server);
});

function signInAgain(password = PASSWORD): Promise<{ status: number; json: SignedIn }> {
  return ask<SignedIn>(server, 'POST /auth/login', { body: { login: 'ann@example.com', password } });
}

describe('an account', () => {
  test('changes its name', async () => {
    const token = ann.accessToken;
    expect(await ask(server, 'PATCH /auth/me', { token, body: { displayName: 'Ann' } })).toMatchObject({
      status: 200,
      json: { displayName: 'Ann' },
    });
    expect(await ask(server, 'PATCH /auth/me', { token, body: { displayName: null } })).toMatchObject({
      json: { displayName: null },
    });
  });

  test.each([
    { admin: true },
    { claims: { role: 'boss' } },
    { uid: 'root' },
    { emailVerified: true },
    { disabled: false },
  ])('cannot give itself %j', async (body) => {
    const answer = await ask(server, 'PATCH /auth/me', { token: ann.accessToken, body });
    expect(answer).toMatchObject({ status: 400, json: { error: { code: 'invalid-data' } } });
  });

  test('lists its sessions and ends one of them', async () => {
    const other = await signInAgain();
    const { json } = await ask<{ sessions: (Session & { current: boolean })[] }>(server, 'GET /auth/sessions', {
      token: ann.accessToken,
    });
    expect(json.sessions).toHaveLength(2);
    expect(json.sessions.find(({ current }) => current)).toMatchObject({ id: ann.session.id, address: '127.0.0.1' });
    const line = `DELETE /auth/sessions/${other.json.session.id}`;
    expect(await ask(server, line, { token: ann.accessToken })).toMatchObject({ status: 204 });
    expect(await ask(server, 'GET /auth/me', { token: other.json.accessToken })).toMatchObject({ status: 401 });
    expect(await ask(server, line, { token: ann.accessToken })).toMatchObject({ status: 404 });
  });

  test('cannot end a session of somebody else', async () => {
    const bob = await signUp(server, 'bob@example.com');
    const answer = await ask(server, `DELETE /auth/sessions/${ann.session.id}`, { token: bob.accessToken });
    expect(answer).toMatchObject({ status: 404 });
    expect(await ask(server, 'GET /auth/me', { token: ann.accessToken })).toMatchObject({ status: 200 });
  });

  test('ends all sessions but its own', async () => {
    const other = await signInAgain();
    expect(await ask(server, 'DELETE /auth/sessions', { token: ann.accessToken })).toMatchObject({ status: 204 });
    expect(await ask(server, 'GET /auth/me', { token: other.json.accessToken })).toMatchObject({ status: 401 });
    expect(await ask(server, 'GET /auth/me', { token: ann.accessToken })).toMatchObject({ status: 200 });
  });

  test('sets a new password, which ends every session but the new one', async () => {
    const body = { current: PASSWORD, next: 'another good password' };
    const { json, status } = await ask<SignedIn>(server, 'POST /auth/password', { token: ann.accessToken, body });
    expect(status).toBe(200);
    expect(await ask(server, 'GET /auth/me', { token: ann.accessToken })).toMatchObject({ status: 401 });
    expect(await ask(server, 'GET /auth/me', { token: json.accessToken })).toMatchObject({ status: 200 });
    expect((await signInAgain()).status).toBe(401);
    expect((await signInAgain('another good password')).status).toBe(200);
  });

  test('needs its password for a new one', async () => {
    const body = { current: 'a wrong one', next: 'another good password' };
    const answer = await ask(server, 'POST /auth/password', { token: ann.accessToken, body });
    expect(answer.status).toBe(401);
    expect((await signInAgain()).status).toBe(200);
  });

  test('deletes itself', async () => {
    const token = ann.accessToken;
    expect(await ask(server, 'DELETE /auth/me', { token, body: { password: PASSWORD } })).toMatchObject({
      status: 204,
    });
    expect(await ask(server, 'GET /auth/me', { token })).toMatchObject({ status: 401 });
    expect((await signInAgain()).status).toBe(401);
  });

  test('is nobody without a token', async () => {
    for (const line of [
      'GET /auth/me',
      'PATCH /auth/me',
      'GET /auth/sessions',
      'POST /auth/password',
      'POST /auth/upgrade',
    ]) {
      const answer = await ask(server, line);
      expect(answer).toMatchObject({ status: 401, json: { error: { code: 'unauthenticated' } } });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });
});
