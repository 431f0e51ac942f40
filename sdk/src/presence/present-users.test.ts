import { nodeFromJson } from '@backside/tree';
import { expect, it } from 'vitest';
import type { Users } from './present-users.js';
import { changeBetween, NO_USERS, usersOf } from './present-users.js';

const users = (json: unknown, before: Users<never> = NO_USERS): Users<never> => usersOf(nodeFromJson(json), before);
const uids = (list: readonly { readonly uid: string }[]): string[] => list.map(({ uid }) => uid);

it('a user is listed once, with what the connection says that joined last', () => {
  const { list } = users({ ann: { '-a': 'phone', '-b': { on: 'laptop' } }, 0: { '-c': true }, 1: { '-d': ['x'] } });
  expect(uids(list)).toEqual(['0', '1', 'ann']);
  expect(list[2]).toEqual({
    uid: 'ann',
    meta: { on: 'laptop' },
    connections: [
      { id: '-a', meta: 'phone' },
      { id: '-b', meta: { on: 'laptop' } },
    ],
  });
  expect(list[1]?.meta).toEqual(['x']);
});

it('what no presence has written is nobody', () => {
  expect(users('text').list).toEqual([]);
  expect(uids(users({ ann: 1, bob: { '-a': 1 } }).list)).toEqual(['bob']);
});

it('a change says who joined, who left and who is another, and nothing of the others', () => {
  const before = users({ ann: { '-a': 1 }, bob: { '-b': 1 }, cat: { '-c': 1 } });
  const after = users({ bob: { '-b': 2 }, cat: { '-c': 1 }, dan: { '-d': 1 } }, before);
  const change = changeBetween(before, after);
  expect([uids(change!.joined), uids(change!.left), uids(change!.updated)]).toEqual([['dan'], ['ann'], ['bob']]);
  expect(changeBetween(after, users({ bob: { '-b': 2 }, cat: { '-c': 1 }, dan: { '-d': 1 } }, after))).toBeNull();
});
