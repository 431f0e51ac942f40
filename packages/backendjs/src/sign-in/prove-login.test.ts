import { ADMIN } from '@backside/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';

const PASSWORD = 'correct horse battery 2';

let server: LegacyFixture;
let ida: TestAccount;

beforeAll(async () => {
  server = await startLegacy();
  ida = await server.account('ida');
  await server.auth.users.update(ADMIN, ida.id, { password: PASSWORD });
});

afterAll(() => server.close());

test.each([
  ['its secret', () => ({ secret: ida.secret })],
  ['its password', () => ({ password: PASSWORD })],
])('an account whose rows are missing gets them when it signs in with %s', async (_, proof) => {
  const steps = ['accounts', 'me', 'counters'].map((root) => ({ method: 'remove' as const, path: [root, ida.id] }));
  await server.database.write({ principal: ADMIN, steps });
  expect((await server.client.post('/login', { login: ida.login, ...proof() })).status).toBe(200);
  expect(server.value(`/accounts/${ida.id}`)).toMatchObject({ name: 'ida' });
  expect(server.value(`/counters/${ida.id}`)).toMatchObject({ ping: 0 });
});
