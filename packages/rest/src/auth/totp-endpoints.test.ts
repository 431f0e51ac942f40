import type { SignedIn } from '@backside/auth';
import { Secret, TOTP } from 'otpauth';
import { describe, expect, test } from 'vitest';
import { ask, PASSWORD, type Refused, signUp, startServer, type TestServer } from '../testing/rest-fixture.js';

const LOGIN = { login: 'ann@example.com', password: PASSWORD };

async function enrolled(server: TestServer): Promise<{ code: () => string; recoveryCodes: string[]; token: string }> {
  const { accessToken: token } = await signUp(server);
  const enrol = await ask<{ secret: string }>(server, 'POST /auth/totp/enrol', { token, body: { password: PASSWORD } });
  const totp = new TOTP({ secret: Secret.fromBase32(enrol.json.secret) });
  const code = (): string => totp.generate({ timestamp: server.clock.now() });
  const confirm = await ask<{ recoveryCodes: string[] }>(server, 'POST /auth/totp/confirm', {
    token,
    body: { code: code() },
  });
  expect(confirm.status).toBe(200);
  server.clock.advance(60_000);
  return { code, recoveryCodes: confirm.json.recoveryCodes, token };
}

async function challenge(server: TestServer): Promise<string> {
  const { json, status } = await ask<Refused & { challenge: string }>(server, 'POST /auth/login', { body: LOGIN });
  expect(status).toBe(401);
  expect(json.error.code).toBe('second-factor-required');
  expect(json).not.toHaveProperty('accessToken');
  return json.challenge;
}

describe('a second factor over HTTP', () => {
  test('is asked for after the password, and signs in', async () => {
    const server = await startServer();
    const { code } = await enrolled(server);
    const body = { challenge: await challenge(server), code: code() };
    expect(await ask<SignedIn>(server, 'POST /auth/login/totp', { body })).toMatchObject({
      status: 200,
      json: { user: { secondFactor: true }, accessToken: expect.any(String) },
    });
  });

  test('takes each code once', async () => {
    const server = await startServer();
    const { code } = await enrolled(server);
    const used = code();
    await ask(server, 'POST /auth/login/totp', { body: { challenge: await challenge(server), code: used } });
    const again = await ask(server, 'POST /auth/login/totp', {
      body: { challenge: await challenge(server), code: used },
    });
    expect(again.status).toBe(401);
  });

  test('is replaced by a recovery code, once', async () => {
    const server = await startServer();
    const code = (await enrolled(server)).recoveryCodes[0]!;
    const first = await ask(server, 'POST /auth/login/totp', { body: { challenge: await challenge(server), code } });
    expect(first.status).toBe(200);
    const again = await ask(server, 'POST /auth/login/totp', { body: { challenge: await challenge(server), code } });
    expect(again.status).toBe(401);
  });

  test('is given up with the password and a code', async () => {
    const server = await startServer();
    const { code, token } = await enrolled(server);
    const refused = await ask(server, 'POST /auth/totp/disable', { token, body: { password: 'wrong', code: code() } });
    expect(refused.status).toBe(401);
    const body = { password: PASSWORD, code: code() };
    expect(await ask(server, 'POST /auth/totp/disable', { token, body })).toMatchObject({ status: 204 });
    expect(await ask(server, 'POST /auth/login', { body: LOGIN })).toMatchObject({ status: 200 });
  });

  test('is not asked for twice by the same challenge', async () => {
    const server = await startServer();
    const { code } = await enrolled(server);
    const body = { challenge: await challenge(server), code: code() };
    await ask(server, 'POST /auth/login/totp', { body });
    server.clock.advance(60_000);
    const again = await ask(server, 'POST /auth/login/totp', { body: { ...body, code: code() } });
    expect(again.status).toBeGreaterThanOrEqual(400);
  });
});
