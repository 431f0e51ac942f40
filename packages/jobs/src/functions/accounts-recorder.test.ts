import { createMemoryPrivateTree, type PrivateTree } from '@backside/auth';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AccountsRecorder } from './accounts-recorder.js';
import type { UserEvent } from './define.js';
import { FunctionStore } from './function-store.js';
import { PLACES } from './places.js';
import { Registry } from './registry.js';
import type { StoredEvent } from './stored-event.js';
import { FunctionsFixture } from './testing/functions-fixture.js';

const HOLDER = 'me';

describe('new accounts', () => {
  let fixture: FunctionsFixture;
  let tree: PrivateTree;
  beforeEach(async () => {
    fixture = await FunctionsFixture.create();
    tree = createMemoryPrivateTree();
    await tree.update([{ path: PLACES.lease, value: { holder: HOLDER, beat: 1 } }]);
  });
  afterEach(() => fixture.close());

  /** As a new process begins; the accounts are in the fixture's database. */
  async function newRecorder(): Promise<AccountsRecorder> {
    const { database, journal } = fixture;
    const store = new FunctionStore(tree, HOLDER);
    const registry = new Registry({ store, pointFor: () => database });
    registry.declare([{ name: 'f:welcome', file: 'f', trigger: { kind: 'user-created' }, options: {} }], new Set());
    await registry.settle();
    const source = { journal, revision: () => database.revision, path: ['auth', 'accounts'] };
    return new AccountsRecorder({ source, store, registry, database, logger: SILENT_LOGGER, recorded: () => {} });
  }

  function users(): UserEvent['user'][] {
    return tree.keys(PLACES.pendingOf('f:welcome')).map((key) => {
      const { event } = JSON.parse(String(tree.read(PLACES.entry('f:welcome', key)))) as StoredEvent;
      return (event as UserEvent).user;
    });
  }

  it('give one event each, through restarts, and none when they change or were there before', async () => {
    await fixture.write('/auth/accounts/old', { version: 1, createdAt: 1 });
    const recorder = await newRecorder();
    await recorder.step();
    await fixture.write('/auth/accounts/bob', { version: 1, email: 'bob@example.com', displayName: 'Bob' });
    await fixture.write('/auth/secrets/bob', { password: 'x' });
    await recorder.step();
    await fixture.write('/auth/accounts/bob', { version: 2, email: 'bob@example.com' });
    await fixture.write('/auth/accounts/a~b', { version: 1, username: 'ab', anonymous: true });
    await fixture.write('/auth/accounts/old/version', 1);
    await (await newRecorder()).step();
    await (await newRecorder()).step();
    const none = { email: null, username: null, displayName: null, anonymous: false };
    expect(users()).toEqual([
      { ...none, uid: 'bob', email: 'bob@example.com', displayName: 'Bob' },
      { ...none, uid: 'a.b', username: 'ab', anonymous: true },
    ]);
  });

  it('are passed over in a journal that is mostly about other things', async () => {
    const recorder = await newRecorder();
    for (let n = 0; n < 1_001; n++) await fixture.write('/else', n);
    await recorder.step();
    expect(JSON.parse(String(tree.read(PLACES.accounts)))).toMatchObject({ revision: fixture.database.revision });
    await fixture.journal.trim(fixture.database.revision);
    await fixture.write('/auth/accounts/bob', { version: 1 });
    await (await newRecorder()).step();
    expect(users()).toHaveLength(1);
  });
});
