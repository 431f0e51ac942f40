import { createMemoryPrivateTree } from '@backside/auth';
import { ADMIN } from '@backside/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LaggingTree } from '../testing/lagging-tree.js';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';

let server: LegacyFixture;
let tree: LaggingTree;
let admin: TestAccount;

beforeAll(async () => {
  server = await startLegacy({
    extend: async () => {
      tree = await LaggingTree.of(createMemoryPrivateTree());
      return { credentials: tree };
    },
  });
  admin = await server.account('admin', { types: ['admin'] });
});
afterAll(() => server.close());

test('an account without rows is taken back, and whoever does that too is not in the way', async () => {
  const { accountHooks, credentials } = server.context;
  accountHooks.push({
    onAdd: ({ credential: { id } }) => {
      tree.delay(() => credentials.remove(id));
      throw new Error('the rows cannot be made');
    },
  });
  const wish = { name: 'Ann', login: 'ann@example.com', secret: 'a long enough secret' };
  expect((await server.client.post('/account/add', wish, { as: admin })).status).toBe(500);
  accountHooks.pop();
  expect(server.log.lines.join()).toContain('the rows cannot be made');
  expect(await server.auth.users.find(ADMIN, wish.login)).toBeNull();
  expect((await server.client.post('/account/add', wish, { as: admin })).status).toBe(200);
});
