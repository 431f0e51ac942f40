import { ADMIN } from '@backside/protocol';
import { expect, test } from 'vitest';
import { holdOpen } from '../testing/held-request.js';
import { ask, PASSWORD, type Refused, startServer } from '../testing/rest-fixture.js';

const BEGIN = '{"rules":{';
const REST = '".read":true}}';

/** An admin, and new rules of theirs of which most has come. */
async function rootPutsRules() {
  const server = await startServer();
  const { rules, auth } = server.main;
  const { uid } = await auth.users.create(ADMIN, { username: 'root', password: PASSWORD, admin: true });
  const body = { login: 'root', password: PASSWORD };
  const { json } = await ask<{ accessToken: string; accessExpiresAt: number }>(server, 'POST /auth/login', { body });
  const held = await holdOpen(server, 'PUT /.settings/rules.json', { token: json.accessToken, begin: BEGIN });
  return { server, held, uid, auth, rules, before: rules.current.source, expiresAt: json.accessExpiresAt };
}

test('rules that arrive slowly are put in force while their sender is an admin', async () => {
  const { held, rules } = await rootPutsRules();
  expect(await held.finish(REST)).toMatchObject({ status: 200 });
  expect(rules.current.source).toBe(BEGIN + REST);
});

test.each([
  ['disabled', { admin: false, disabled: true }, 401, 'unauthenticated'],
  ['an admin no more', { admin: false }, 403, 'permission-denied'],
])('rules whose sender is %s before they have arrived are refused', async (_what, change, status, code) => {
  const { held, uid, auth, rules, before } = await rootPutsRules();
  await auth.users.update(ADMIN, uid, change);
  const answer = await held.finish(REST);
  expect(answer.status).toBe(status);
  expect((JSON.parse(answer.text) as Refused).error).toMatchObject({ code });
  expect(rules.current.source).toBe(before);
});

test('rules that have not arrived when the token expires are refused', async () => {
  const { server, held, rules, before, expiresAt } = await rootPutsRules();
  server.clock.advance(expiresAt - server.clock.now());
  expect(await held.finish(REST)).toMatchObject({ status: 401 });
  expect(rules.current.source).toBe(before);
});
