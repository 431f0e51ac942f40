import { ADMIN } from '@backside/protocol';
import { describe, expect, it } from 'vitest';
import { ALLOWED, type Authorizer } from './authorizer.js';
import type { WriteStep } from './operation.js';
import { openDatabase, set, update, valueAt, write } from './testing/database.js';
import { user } from './testing/look-authorizer.js';

const leave = (step: WriteStep) => ({ principal: ADMIN, steps: [step] });

describe('writes left for the end of a connection', () => {
  it('are made once when it ends, with server values of that time', async () => {
    const database = await openDatabase();
    const scope = database.connectionScope();
    await scope.onDisconnect(leave(set('/presence', { online: false, at: { '.sv': 'timestamp' } })));
    expect(valueAt(database, '/')).toBeNull();
    await scope.end();
    await scope.end();
    expect(valueAt(database, '/presence')).toEqual({ online: false, at: 1_700_000_000_000 });
    expect(database.revision).toBe(1);
  });

  it('are replaced by a later one at or above their path', async () => {
    const database = await openDatabase();
    const scope = database.connectionScope();
    await scope.onDisconnect(leave(set('/a/b', 1)));
    await scope.onDisconnect(leave(set('/a', { c: 2 })));
    await scope.end();
    expect(valueAt(database, '/')).toEqual({ a: { c: 2 } });
    expect(database.revision).toBe(1);
  });

  it('can be taken back at a path, while what lies beside it stays', async () => {
    const database = await openDatabase();
    await write(database, set('/a', { kept: true }));
    const scope = database.connectionScope();
    await scope.onDisconnect(leave(update('/a', { x: 1, 'y/z': 2 })));
    await scope.onDisconnect(leave(set('/b', { c: { d: 1, e: 2 }, f: 3 })));
    await scope.onDisconnect(leave(set('/gone', 1)));
    await scope.cancelOnDisconnect(['a', 'y']);
    await scope.cancelOnDisconnect(['b', 'c', 'd']);
    await scope.cancelOnDisconnect(['gone']);
    await scope.end();
    expect(valueAt(database, '/')).toEqual({ a: { kept: true, x: 1 }, b: { c: { e: 2 }, f: 3 } });
  });

  it('are refused at once when they could not be made, and beyond their number', async () => {
    const database = await openDatabase({ limits: { maxOnDisconnectOperations: 1 } });
    const scope = database.connectionScope();
    expect(() => scope.onDisconnect(leave(set('/a', { 'b.c': 1 })))).toThrow(
      expect.objectContaining({ code: 'invalid-data' }),
    );
    await scope.onDisconnect(leave(set('/a', 1)));
    expect(() => scope.onDisconnect(leave(set('/b', 1)))).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
  });

  it('are made as whoever the connection has become, who may no longer be allowed to', async () => {
    const authorizer: Authorizer = {
      read: () => ALLOWED,
      write: ({ principal }) => ({ allowed: principal.kind === 'user' && principal.uid === 'ann' }),
    };
    const database = await openDatabase({ authorizer });
    const [first, second] = [database.connectionScope(), database.connectionScope()];
    await first.onDisconnect({ principal: user('ann'), steps: [set('/first', 1)] });
    await second.onDisconnect({ principal: user('ann'), steps: [set('/second', 1)] });
    await first.become(user('ann', { role: 'guest' }));
    await second.become(user('bob'));
    await Promise.all([first.end(), second.end()]);
    expect(valueAt(database, '/')).toEqual({ first: 1 });
  });

  it('are bounded in size, all of one connection together', async () => {
    const database = await openDatabase({ limits: { maxOnDisconnectCharacters: 100 } });
    const scope = database.connectionScope();
    await scope.onDisconnect(leave(set('/a', 'x'.repeat(60))));
    expect(() => scope.onDisconnect(leave(set('/b', 'x'.repeat(60))))).toThrow(/at most 100 characters/);
    await scope.cancelOnDisconnect(['a']);
    await scope.onDisconnect(leave(set('/b', 'x'.repeat(60))));
  });
});
