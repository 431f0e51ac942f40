import { ADMIN, NOBODY } from '@backside/protocol';
import { expect, it } from 'vitest';
import { closedAuthorizer } from './authorizer.js';
import { openDatabase, set } from './testing/database.js';

it('lists the keys of children in order, of the range and in its direction, whatever lies below them', async () => {
  const database = await openDatabase();
  await database.write({
    principal: ADMIN,
    steps: [set('/rows', { b: { deep: { x: 1 } }, a: 1, c: 2, '10': 3, '9': 4 })],
  });
  expect(database.keys(ADMIN, ['rows'])).toEqual(['9', '10', 'a', 'b', 'c']);
  expect(database.keys(ADMIN, ['rows'], { start: 'a', startExclusive: true, limit: 1 })).toEqual(['b']);
  expect(database.keys(ADMIN, ['rows'], { end: 'b', reverse: true, limit: 2 })).toEqual(['b', 'a']);
  expect(database.keys(ADMIN, ['rows', 'a'])).toEqual([]);
  expect(database.keys(ADMIN, ['nothing'])).toEqual([]);
});

it('tells nobody who may not read', async () => {
  const database = await openDatabase({ authorizer: closedAuthorizer });
  expect(() => database.keys(NOBODY, ['rows'])).toThrow(expect.objectContaining({ code: 'permission-denied' }));
});
