import type { SignedIn } from '@backside/auth';
import { ADMIN } from '@backside/protocol';
import { describe, expect, test } from 'vitest';
import {
  adminToken,
  ask,
  PASSWORD,
  type Refused,
  signUp,
  startServer,
  type TestServer,
} from './testing/rest-fixture.js';

const HOUR = 3_600_000;

describe('a name that is no name', () => {
  test.each(['a/b', '../admin', '__proto__', 'constructor', 'a.b', 'a#b', '$where', 'a\u0000b', '(admin)', 'аdmin'])(
    '%j makes no account that another could be taken for, and breaks nothing',
    async (username) => {
      const server = await startServer();
      const made = await ask<SignedIn & Refused>(server, 'POST /auth/signup', {
        body: { username, password: PASSWORD },
      });
      const body = { login: username, password: PASSWORD };
      const login = await ask<SignedIn & Refused>(server, 'POST /auth/login', { body });
      if (made.status === 201) expect(login.json.user.uid).toBe(made.json.user.uid);
      else expect([made.json.error.code, login.json.error.code]).toEqual(['invalid-data', 'unauthenticated']);
      expect(({} as Record<string, unknown>).password).toBeUndefined();
      expect(await ask(server, 'GET /auth/ways')).toMatchObject({ status: 200 });
    },
  );

  test('is no uid either', async () => {
    const server = await startServer();
    const token = await adminToken(server);
    for (const uid of ['__proto__', 'constructor', 'toString', '..%2Froot', '%2F', '(admin)']) {
      for (const line of [`GET /auth/users/${uid}`, `DELETE /auth/users/${uid}`, `GET /auth/users/${uid}/sessions`]) {
        const { status } = await ask(server, line, { token });
        expect([line, status === 400 || status === 404]).toEqual([line, true]);
      }
    }
  });
});

describe('whether an account exists', () => {
  test('is not told by the text of a refusal', async () => {
    const server = await startServer();
    await signUp(server);
    await server.main.auth.users.create(ADMIN, { username: 'off', password: PASSWORD, disabled: true });
    await server.main.auth.users.create(ADMIN, { username: 'nopassword' });
    const attempts = [
      { login: 'ann@example.com', password: 'wrong password' },
      { login: 'nobody@example.com', password: 'wrong password' },
      { login: 'off', password: PASSWORD },
      { login: 'off', password: 'wrong password' },
      { login: 'nopassword', password: 'wrong password' },
      { login: 'not/a name', password: 'wrong password' },
    ];
    const answers: string[] = [];
    for (const body of attempts) {
      const { status, text } = await ask(server, 'POST /auth/login', { body });
      answers.push(`${status} ${text}`);
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('unauthenticated');
  });

  test('is not told by the time that a refusal takes', async () => {
    const server = await startServer({ rest: { trustedProxies: ['127.0.0.1'] } });
    await signUp(server);
    const times = { known: [] as number[], unknown: [] as number[] };
    for (let round = 0; round < 16; round += 1) {
      for (const kind of round % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const)) {
        const login = kind === 'known' ? 'ann@example.com' : `nobody-${round}@example.com`;
        server.clock.advance(2 * HOUR);
        times[kind].push(await timeOfRefusal(server, login, `10.${round}.${kind === 'known' ? 1 : 2}.1`));
      }
    }
    const [known, unknown] = [median(times.known), median(times.unknown)];
    expect(Math.max(known, unknown) / Math.min(known, unknown)).toBeLessThan(2);
  });
});

/** Milliseconds until a wrong password is refused. */
async function timeOfRefusal(server: TestServer, login: string, address: string): Promise<number> {
  const began = performance.now();
  const { status } = await ask(server, 'POST /auth/login', {
    body: { login, password: 'wrong password' },
    headers: { 'x-forwarded-for': address },
  });
  expect(status).toBe(401);
  return performance.now() - began;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

describe('guessing passwords', () => {
  async function guess(
    server: TestServer,
    forwardedFor: string,
  ): Promise<{ status: number; retryAfter: string | null }> {
    const body = { login: 'ann@example.com', password: 'wrong password' };
    const headers = { 'x-forwarded-for': forwardedFor };
    const { status, headers: answered } = await ask(server, 'POST /auth/login', { body, headers });
    return { status, retryAfter: answered.get('retry-after') };
  }

  test('is slowed down, and told when to come back', async () => {
    const server = await startServer();
    await server.main.auth.users.create(ADMIN, { email: 'ann@example.com', password: PASSWORD });
    const answers = [];
    for (let round = 0; round < 12; round += 1) answers.push(await guess(server, '1.2.3.4'));
    const limited = answers.find(({ status }) => status === 429);
    expect(limited).toBeDefined();
    expect(Number(limited?.retryAfter)).toBeGreaterThanOrEqual(1);
  });

  test('is not made easier by a forged address', async () => {
    const server = await startServer();
    await server.main.auth.users.create(ADMIN, { email: 'ann@example.com', password: PASSWORD });
    const statuses = [];
    for (let round = 0; round < 12; round += 1) statuses.push((await guess(server, `1.2.3.${round}`)).status);
    expect(statuses).toContain(429);
  });

  test('does not lock the owner out at home', async () => {
    const server = await startServer({ rest: { trustedProxies: ['127.0.0.1'] } });
    const home = { 'x-forwarded-for': '5.5.5.5' };
    const body = { login: 'ann@example.com', password: PASSWORD };
    await ask(server, 'POST /auth/signup', { body: { email: body.login, password: PASSWORD }, headers: home });
    for (let round = 0; round < 60; round += 1) await guess(server, `6.6.${round}.6`);
    expect(await ask(server, 'POST /auth/login', { body, headers: home })).toMatchObject({ status: 200 });
  });
});

describe('claims', () => {
  test('that are too large are refused', async () => {
    const server = await startServer();
    const token = await adminToken(server);
    const claims = { text: 'x'.repeat(20_000) };
    for (const line of ['POST /auth/users', 'POST /auth/users/bob/token']) {
      const body = line.endsWith('token') ? { claims } : { username: 'bob', claims };
      const { status } = await ask(server, line, { token, body });
      expect([400, 413]).toContain(status);
    }
  });

  test('with the names of prototypes are data, or refused, and change no object', async () => {
    const server = await startServer();
    const token = await adminToken(server);
    const raw = '{"uid":"bob","username":"bob","claims":{"__proto__":{"admin":true},"constructor":1}}';
    const headers = { 'content-type': 'application/json' };
    const made = await ask(server, 'POST /auth/users', { token, raw, headers });
    expect([201, 400]).toContain(made.status);
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });
});

describe('session fixation', () => {
  test('is impossible: every sign-in makes a session of its own, whatever the request brings along', async () => {
    const server = await startServer();
    const attacker = await ask<SignedIn>(server, 'POST /auth/anonymous', { body: {} });
    await signUp(server);
    const victim = await ask<SignedIn>(server, 'POST /auth/login', {
      body: { login: 'ann@example.com', password: PASSWORD },
      token: attacker.json.accessToken,
      headers: { cookie: `backside-oidc=x; session=${attacker.json.session.id}` },
    });
    expect(victim.json.session.id).not.toBe(attacker.json.session.id);
    const me = await ask<{ anonymous: boolean }>(server, 'GET /auth/me', { token: attacker.json.accessToken });
    expect(me.json.anonymous).toBe(true);
    const body = { login: 'ann@example.com', password: PASSWORD, session: attacker.json.session.id };
    expect(await ask(server, 'POST /auth/login', { body })).toMatchObject({ status: 400 });
  });

  test('gains nothing from an anonymous session that its victim turns into an account', async () => {
    const server = await startServer();
    const { json: shared } = await ask<SignedIn>(server, 'POST /auth/anonymous', { body: {} });
    const body = { email: 'ann@example.com', password: PASSWORD };
    const upgraded = await ask<SignedIn>(server, 'POST /auth/upgrade', { token: shared.accessToken, body });
    expect(upgraded.status).toBe(200);
    const copied = await ask(server, 'POST /auth/refresh', { body: { refreshToken: shared.refreshToken } });
    expect(copied.status).toBe(401);
  });
});
