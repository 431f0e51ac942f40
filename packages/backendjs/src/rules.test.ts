import { readFileSync } from 'node:fs';
import { createRulesAuthorizer, fixedRules, TraceLog } from '@backside/api';
import { ADMIN, BacksideError, NOBODY, type Principal } from '@backside/protocol';
import { compileRules } from '@backside/security';
import { parsePath } from '@backside/tree';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LegacyFixture, startLegacy, type TestAccount } from './testing/legacy-fixture.js';

const text = readFileSync(new URL('../rules.json', import.meta.url), 'utf8');

let server: LegacyFixture;
let ann: TestAccount;
let bob: TestAccount;

beforeAll(async () => {
  const traces = new TraceLog({ nodeId: 'node-a', now: Date.now, randomBytes: (size) => Buffer.alloc(size) });
  const authorizer = createRulesAuthorizer({ database: 'main', rules: fixedRules(compileRules(text)), traces });
  server = await startLegacy({ authorizer });
  ann = await server.account('ann');
  bob = await server.account('bob');
  await put(`icons/${ann.id}/album`, {
    own: { prefix: 'album' },
    friends: { acl_allow: `u_0,${bob.id}` },
    members: { acl_allow: 'auth' },
    open: { acl_allow: 'all' },
  });
  await put('pages', { open: { pub: true, title: 'o' }, closed: { pub: false, title: 'c' } });
});

afterAll(() => server.close());

async function put(path: string, value: unknown): Promise<void> {
  await server.database.write({ principal: ADMIN, steps: [{ method: 'set', path: parsePath(path), value }] });
}

function as(uid: string): Principal {
  return { kind: 'user', uid, provider: 'password', claims: {} };
}

function mayRead(principal: Principal, path: string): boolean {
  try {
    server.database.read(principal, parsePath(path));
    return true;
  } catch (error) {
    if (error instanceof BacksideError && error.code === 'permission-denied') return false;
    throw error;
  }
}

describe('what clients of the tree may read under rules.json', () => {
  test.each(['me', 'messages', 'connections', 'references', 'counters', 'events', 'icons'])(
    '/%s is for its owner',
    (root) => {
      const path = `${root}/${ann.id}`;
      const readers = [as(ann.id), as(bob.id), NOBODY].map((principal) => mayRead(principal, path));
      expect(readers).toEqual([true, false, false]);
    },
  );

  test.each(['accounts/ID', 'status/ID', 'counters/ID/ping', 'files'])('/%s is for all who have signed in', (path) => {
    const place = path.replace('ID', ann.id);
    expect([as(bob.id), NOBODY].map((principal) => mayRead(principal, place))).toEqual([true, false]);
  });

  test.each(['', 'accounts', 'me', 'messages', 'icons', 'events', 'locations', 'locations/9q8y'])(
    '/%s is for nobody',
    (path) => {
      expect([as(ann.id), NOBODY].map((principal) => mayRead(principal, path))).toEqual([false, false]);
    },
  );

  test('an icon is for whom its row names', () => {
    const readers = ['own', 'friends', 'members', 'open'].map((type) =>
      [as(bob.id), as('u_1'), NOBODY].map((principal) => mayRead(principal, `icons/${ann.id}/album/${type}`)),
    );
    expect(readers).toEqual([
      [false, false, false],
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ]);
  });

  test('a page is for guests if it is public', () => {
    expect(mayRead(NOBODY, 'pages/open')).toBe(true);
    expect(mayRead(NOBODY, 'pages/closed')).toBe(false);
    expect(mayRead(as(bob.id), 'pages/closed')).toBe(true);
  });

  test('an id with a dot is its owner', () => {
    expect(mayRead(as('ann.b'), 'me/ann%2Eb')).toBe(true);
    expect(mayRead(as('ann.c'), 'me/ann%2Eb')).toBe(false);
  });
});

test('nothing can be written but through the legacy interface, which keeps rows, mirrors and counters together', async () => {
  for (const path of [
    `me/${ann.id}/name`,
    `messages/${ann.id}/inbox/1:x`,
    `connections/${ann.id}/like/x`,
    `counters/${ann.id}/ping`,
  ]) {
    const write = server.database.write({
      principal: as(ann.id),
      steps: [{ method: 'set', path: parsePath(path), value: 1 }],
    });
    await expect(write).rejects.toMatchObject({ code: 'permission-denied' });
  }
});
