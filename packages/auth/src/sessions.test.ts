import { expect, it } from 'vitest';
import { edited } from './account.js';
import { Accounts, recordOf } from './accounts.js';
import { createMemoryPrivateTree } from './memory-private-tree.js';
import { Sessions } from './sessions.js';
import { LaggingTree } from './testing/lagging-tree.js';

const WISH = { provider: 'password', client: { address: '192.0.2.1' } };

function storesOver(tree: ReturnType<typeof createMemoryPrivateTree>): { accounts: Accounts; sessions: Sessions } {
  const limits = { idleMs: 1000, maxMs: 1000, perUser: 10 };
  return { accounts: new Accounts(tree), sessions: new Sessions({ tree, now: () => 0, ...limits }) };
}

it('a session ends with the generation of its account, even if who raised that did not know of the session', async () => {
  const shared = createMemoryPrivateTree();
  const late = new LaggingTree(shared);
  const [here, there] = [storesOver(shared), storesOver(late)];
  const record = { version: 0, generation: 1, createdAt: 0 };
  const account = await here.accounts.create('bob', { record, secrets: {} });
  await late.refresh();
  const { session, edit } = here.sessions.open(account, WISH);
  await shared.update(edit.changes, edit.expect);
  expect(here.sessions.holds(session.id, here.accounts.require('bob'))).not.toBeNull();
  await there.accounts.change('bob', (current) => ({
    record: edited(recordOf(current), { generation: 2 }),
    secrets: {},
    also: there.sessions.clear('bob'),
  }));
  expect(shared.keys(['sessions'])).toEqual([session.id]);
  expect(here.sessions.holds(session.id, here.accounts.require('bob'))).toBeNull();
});

it('a session does not begin on what was void by then', async () => {
  const shared = createMemoryPrivateTree();
  const { accounts, sessions } = storesOver(shared);
  const record = { version: 0, generation: 1, createdAt: 0 };
  const before = await accounts.create('bob', { record, secrets: {} });
  const { edit } = sessions.open(before, WISH);
  await accounts.change('bob', (now) => ({ record: edited(recordOf(now), { generation: 2 }), secrets: {} }));
  await expect(shared.update(edit.changes, edit.expect)).rejects.toMatchObject({ code: 'precondition-failed' });
  expect(shared.keys(['sessions'])).toEqual([]);
});
