import { ADMIN, NOBODY } from '@backside/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LaggingTree } from '../testing/lagging-tree.js';
import { type LegacyFixture, startLegacy } from '../testing/legacy-fixture.js';

const PASSWORD = 'correct horse battery';
const CLIENT = { address: '127.0.0.1' };

let server: LegacyFixture;

beforeAll(async () => {
  server = await startLegacy();
});

afterAll(() => server.close());

/** Who signs in elsewhere with a login and password. */
async function principalOf(login: string, passcode: string): Promise<string | null> {
  const asked = { login, passcode, database: 'main', remoteAddress: '127.0.0.1' };
  const principal = await server.auth.authenticate(asked).catch(() => NOBODY);
  return principal.kind === 'user' ? principal.uid : null;
}

describe('an account that is made here', () => {
  test('signs in everywhere else, under the same id', async () => {
    const { credentials } = server.context;
    const { id } = await credentials.add({ login: 'Ann@Example.com', name: 'Ann', password: PASSWORD });
    expect(id).toMatch(/^u_[0-9a-f]{32}$/);
    expect(await principalOf('ann@example.com', PASSWORD)).toBe(id);
  });

  test('does so with its secret if it has no password, and with a new one after that', async () => {
    const { credentials } = server.context;
    const { id } = await credentials.add({ login: 'bob', name: 'Bob', secret: 'the first secret' });
    expect(await principalOf('bob', 'the first secret')).toBe(id);
    await credentials.change(id, { secret: 'the second secret' });
    expect(await principalOf('bob', 'the second secret')).toBe(id);
    expect(await principalOf('bob', 'the first secret')).toBeNull();
  });

  test('gives nobody a password that was set elsewhere since, who only has the secret that was one', async () => {
    const { credentials } = server.context;
    const { id } = await credentials.add({ login: 'rita', name: 'Rita', secret: 'the leaked secret' });
    await server.auth.users.update(ADMIN, id, { password: PASSWORD });
    const changed = await credentials.change(id, { secret: 'of who leaked it' });
    expect(changed).toMatchObject({ secret: 'of who leaked it', secretIsPassword: false });
    expect(await principalOf('rita', 'of who leaked it')).toBeNull();
    expect(await principalOf('rita', PASSWORD)).toBe(id);
  });

  test('has one password with its secret through a race for the row', async () => {
    const { credentials } = server.context;
    const { id } = await credentials.add({ login: 'race', name: 'Race', secret: 'the first secret' });
    await Promise.all([credentials.change(id, { secret: 'the second secret' }), credentials.change(id, { name: 'R' })]);
    expect(await credentials.byId(id)).toMatchObject({
      secret: 'the second secret',
      secretIsPassword: true,
      name: 'R',
    });
    expect(await principalOf('race', 'the second secret')).toBe(id);
  });

  test('has no password if its secret is too weak for one, and still signs', async () => {
    const weak = await server.account('weak', { secret: 'x' });
    expect(await principalOf('weak@example.com', 'x')).toBeNull();
    expect((await server.client.get('/auth', {}, { as: weak })).status).toBe(200);
  });

  test('may have a login that nobody else allows', async () => {
    const { login } = await server.context.credentials.add({ login: 'имя', name: 'Name', secret: 'пароль' });
    const as = { login, secret: 'пароль' };
    const asking = {
      headers: { 'bk-signature': Buffer.from(server.client.sign('GET', '/auth', as)).toString('latin1') },
    };
    expect((await server.client.get('/auth', {}, asking)).json.login).toBe('имя');
  });

  test('cannot have a weak password', async () => {
    const added = server.context.credentials.add({ login: 'weaker', name: 'W', password: 'password' });
    await expect(added).rejects.toMatchObject({ status: 400, fields: { policy: expect.any(String) } });
    expect(await server.auth.users.find(ADMIN, 'weaker')).toBeNull();
  });

  test('is gone everywhere once it is removed', async () => {
    const gone = await server.account('gone');
    await server.context.credentials.remove(gone.id);
    expect(await server.auth.users.find(ADMIN, gone.login)).toBeNull();
    expect((await server.client.get('/auth', {}, { as: gone })).status).toBe(404);
  });

  test('is removed again by a node that was behind, and whoever has its login by now keeps it', async () => {
    const gone = await server.account('again');
    const { auth, tree, secretKey, context } = server;
    const behind = await startLegacy({
      extend: async () => ({ auth, secretKey, credentials: await LaggingTree.of(tree) }),
    });
    await context.credentials.remove(gone.id);
    const heir = await server.account('again');
    expect((await behind.context.credentials.byLogin(gone.login))?.id).toBe(gone.id);
    await behind.context.credentials.remove(gone.id);
    expect((await context.credentials.byLogin(gone.login))?.id).toBe(heir.id);
    expect((await server.client.get('/auth', {}, { as: heir })).json.id).toBe(heir.id);
    await behind.stop();
  });
});

test('the accounts that are retired come a page at a time', async () => {
  const { credentials } = server.context;
  const ids = ['u_1', 'u_2.5', 'u_3'];
  for (const id of ids) await credentials.retire(id);
  expect(await credentials.retired(2)).toEqual(ids.slice(0, 2));
  expect(await credentials.retired(2, 'u_2.5')).toEqual(['u_3']);
  expect(await credentials.retired(2, 'u_3')).toEqual([]);
});

describe('a login', () => {
  test('is of one account, however many ask for it at once', async () => {
    const { credentials } = server.context;
    const wishes = Array.from({ length: 8 }, () =>
      credentials.add({ login: 'wanted', name: 'W', secret: 'whatever it is' }),
    );
    const outcomes = await Promise.allSettled(wishes);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ status: 409 });
    }
    expect((await credentials.byLogin('wanted'))?.name).toBe('W');
  });

  test('that is in use elsewhere is not given away', async () => {
    await server.auth.signIn.signUp({ email: 'taken@example.com', password: PASSWORD }, CLIENT);
    const added = server.context.credentials.add({ login: 'taken@example.com', name: 'T', secret: 'whatever it is' });
    await expect(added).rejects.toMatchObject({ status: 409 });
  });
});

test('changes at once all take effect', async () => {
  const { credentials } = server.context;
  const { id } = await credentials.add({ login: 'busy', name: 'Busy', secret: 'whatever it is' });
  await Promise.all([
    credentials.change(id, { name: 'Busier' }),
    credentials.change(id, { status: 'ok' }),
    credentials.change(id, { flags: ['a'] }),
  ]);
  expect(await credentials.byId(id)).toMatchObject({ name: 'Busier', status: 'ok', flags: ['a'] });
});

test('a server with another key does not start', async () => {
  const { tree, auth, database, cache } = server;
  await server.account('first');
  const started = startLegacy({ extend: () => ({ credentials: tree, auth, database, cache }) });
  await expect(started).rejects.toThrow('another secret key');
});

test('no secret lies in the tree in clear', async () => {
  const ann = await server.account('sealed', { secret: 'a very special secret' });
  const stored = JSON.stringify(server.tree.read([]));
  expect(stored).toContain(ann.login);
  expect(stored).not.toContain('a very special secret');
  expect(stored).not.toContain(ann.tokenSecret);
});
