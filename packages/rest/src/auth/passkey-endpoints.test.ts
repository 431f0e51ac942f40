import type { PasskeyCeremony, PasskeyInfo, SignedIn } from '@backside/auth';
import { beforeEach, expect, test } from 'vitest';
import {
  type Answer,
  ask,
  PASSWORD,
  type Refused,
  signUp,
  startServer,
  type TestServer,
} from '../testing/rest-fixture.js';
import { SoftwarePasskey } from '../testing/software-passkey.js';

const SITE = 'https://app.example.com';

let server: TestServer;
let passkey: SoftwarePasskey;
let ann: SignedIn;

beforeEach(async () => {
  server = await startServer({ auth: () => ({ publicUrl: new URL(SITE) }) });
  passkey = new SoftwarePasskey(SITE);
  ann = await signUp(server);
});

async function register(password: string | undefined = PASSWORD): Promise<Answer<PasskeyInfo & Refused>> {
  const { accessToken: token } = ann;
  const begun = await ask<PasskeyCeremony & Refused>(server, 'POST /auth/passkeys/options', {
    token,
    body: { password },
  });
  if (begun.status !== 200) return begun as Answer<never>;
  const { ceremony, options } = begun.json;
  const body = { ceremony, response: passkey.create(challengeOf(options)), label: 'Phone' };
  return ask<PasskeyInfo & Refused>(server, 'POST /auth/passkeys', { token, body });
}

async function signIn(): Promise<Answer<SignedIn & Refused>> {
  const { json } = await ask<PasskeyCeremony>(server, 'POST /auth/login/passkey/options', { body: {} });
  const body = { ceremony: json.ceremony, response: passkey.get(challengeOf(json.options)) };
  const answer = await ask<SignedIn & Refused>(server, 'POST /auth/login/passkey', { body });
  expect(await ask(server, 'POST /auth/login/passkey', { body })).toMatchObject({ status: 410 });
  return answer;
}

function challengeOf(options: unknown): string {
  return (options as { challenge: string }).challenge;
}

test('a passkey is registered, signs in, is listed and removed', async () => {
  const { accessToken: token } = ann;
  const made = await register();
  expect(made).toMatchObject({ status: 201, json: { label: 'Phone' } });
  expect(await signIn()).toMatchObject({ status: 200, json: { user: { uid: ann.user.uid } } });
  expect((await ask<unknown>(server, 'GET /auth/passkeys', { token })).json).toEqual({ passkeys: [made.json] });
  const path = `DELETE /auth/passkeys/${made.json.id}`;
  expect(await ask(server, path, { token, body: {} })).toMatchObject({ status: 403 });
  expect(await ask(server, path, { token, body: { password: PASSWORD } })).toMatchObject({ status: 204 });
  expect(await signIn()).toMatchObject({ status: 401, json: { error: { code: 'unauthenticated' } } });
});

test('whoever merely has an access token adds no passkey', async () => {
  expect(await register('a guess')).toMatchObject({ status: 401 });
  const body = { ceremony: 'x'.repeat(43), response: {} };
  expect(await ask(server, 'POST /auth/passkeys', { token: ann.accessToken, body })).toMatchObject({ status: 410 });
  expect(await ask(server, 'POST /auth/passkeys/options', { body: {} })).toMatchObject({ status: 401 });
});

test('an answer that is none is refused', async () => {
  const { json } = await ask<PasskeyCeremony>(server, 'POST /auth/login/passkey/options', { body: {} });
  const body = { ceremony: json.ceremony, response: { id: ['x'], response: null } };
  expect(await ask(server, 'POST /auth/login/passkey', { body })).toMatchObject({ status: 401 });
});

test('where browsers have no passkeys there are none', async () => {
  const plain = await startServer();
  expect(await ask(plain, 'POST /auth/login/passkey/options', { body: {} })).toMatchObject({ status: 404 });
  expect((await ask<{ passkeys: boolean }>(plain, 'GET /auth/ways')).json.passkeys).toBe(false);
});
