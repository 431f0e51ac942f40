import { describe, expect, it } from 'vitest';
import { edited } from './account.js';
import { type AccountEdit, Accounts, recordOf } from './accounts.js';
import { createMemoryPrivateTree } from './memory-private-tree.js';
import { LaggingTree } from './testing/lagging-tree.js';

const NEW = { version: 0, generation: 1, createdAt: 0 };

function named(username: string): AccountEdit {
  return { record: { ...NEW, username }, secrets: {} };
}

describe('accounts', () => {
  it('of one name are one, whatever nodes make them at once', async () => {
    const shared = createMemoryPrivateTree();
    const nodes = Array.from({ length: 4 }, () => new Accounts(new LaggingTree(shared)));
    const outcomes = await Promise.allSettled(nodes.map((node, i) => node.create(`uid-${i}`, named('bob'))));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'username-in-use' });
    }
    expect(shared.keys(['accounts'])).toHaveLength(1);
  });

  it('keep every change that nodes make at once', async () => {
    const shared = createMemoryPrivateTree();
    const nodes = Array.from({ length: 4 }, () => new Accounts(new LaggingTree(shared)));
    await nodes[0]!.create('uid', named('bob'));
    await shared.refresh();
    const join = (node: Accounts, name: string): Promise<unknown> =>
      node.change('uid', (account) => ({
        record: edited(recordOf(account), { displayName: `${account.displayName ?? ''}${name}` }),
        secrets: account.secrets,
      }));
    for (const node of nodes.slice(1)) await expect(join(node, 'x')).rejects.toMatchObject({ code: 'not-found' });
    const present = [1, 2, 3].map(() => new LaggingTree(shared));
    for (const tree of present) await tree.refresh();
    await Promise.all(present.map((tree, i) => join(new Accounts(tree), 'abc'.charAt(i))));
    const name = new Accounts(shared).require('uid').displayName ?? '';
    expect([...name].sort()).toEqual(['a', 'b', 'c']);
  });

  it('give a name up that they no longer have', async () => {
    const accounts = new Accounts(createMemoryPrivateTree());
    await accounts.create('one', named('bob'));
    await accounts.change('one', (account) => ({ ...named('rob'), record: { ...recordOf(account), username: 'rob' } }));
    expect(accounts.byLogin({ kind: 'username', text: 'bob' })).toBeNull();
    expect(accounts.byLogin({ kind: 'username', text: 'rob' })?.uid).toBe('one');
    await accounts.create('two', named('bob'));
    await expect(accounts.change('two', () => named('rob'))).rejects.toMatchObject({ code: 'username-in-use' });
    await accounts.delete('one', () => ({ changes: [], expect: [] }));
    expect(accounts.byLogin({ kind: 'username', text: 'rob' })).toBeNull();
  });

  it('with a uid like __proto__ or constructor are ordinary', async () => {
    const accounts = new Accounts(createMemoryPrivateTree());
    expect(accounts.get('constructor')).toBeNull();
    await accounts.create('__proto__', named('bob'));
    expect(accounts.get('__proto__')?.username).toBe('bob');
    expect(accounts.get('toString')).toBeNull();
  });
});
