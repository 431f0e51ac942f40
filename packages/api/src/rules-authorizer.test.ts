import { ADMIN, type BacksideError, NOBODY } from '@backside/protocol';
import { compileRules, formatExplanation } from '@backside/security';
import { describe, expect, it } from 'vitest';
import type { Database } from './database.js';
import { createRulesAuthorizer } from './rules-authorizer.js';
import { fixedRules } from './rules-source.js';
import { listen, openDatabase, set, settle, write } from './testing/database.js';
import { user } from './testing/look-authorizer.js';
import { openTraces } from './testing/traces.js';
import type { DenialTrace, TraceLog } from './trace-log.js';

const CHAT = `{
  "rules": {
    "rooms": {
      "$room": {
        ".read": "root.child('members/' + $room + '/' + auth.uid).exists()",
        "messages": {
          "$id": {
            ".write": "root.child('members/' + $room + '/' + auth.uid).exists() && !data.exists()",
            ".validate": "newData.child('by').val() == auth.uid && newData.child('at').val() == now"
          }
        }
      }
    },
    "users": { "$uid": { ".read": "auth.uid == $uid && auth.token.email_verified == true" } }
  }
}`;

async function chat(): Promise<{ database: Database; traces: TraceLog }> {
  const traces = openTraces();
  const rules = fixedRules(compileRules(CHAT));
  const authorizer = createRulesAuthorizer({ database: 'test', rules, traces });
  const database = await openDatabase({ authorizer });
  await write(database, set('/members/r1/ann', true));
  return { database, traces };
}

const message = (by: string): unknown => ({ by, at: { '.sv': 'timestamp' }, text: 'hello' });

/** The trace of what `act` is refused with. */
async function refusal(traces: TraceLog, act: () => unknown): Promise<DenialTrace> {
  try {
    await act();
  } catch (error) {
    expect(error).toMatchObject({ code: 'permission-denied' });
    return traces.find((error as BacksideError).trace!)!;
  }
  throw new Error('it was not refused');
}

describe('a database under rules', () => {
  it('lets those write and read whom the rules let', async () => {
    const { database } = await chat();
    await database.write({ principal: user('ann'), steps: [set('/rooms/r1/messages/m1', message('ann'))] });
    expect(database.read(user('ann'), ['rooms', 'r1']).revision).toBe(2);
    expect(database.read(user('eve', { email_verified: true }), ['users', 'eve']).node).toBeNull();
  });

  it('never asks the rules about an admin', async () => {
    const { database } = await chat();
    expect(database.read(ADMIN, []).revision).toBe(1);
  });

  it('refuses reads, streams and transactions with a trace that explains them', async () => {
    const { database, traces } = await chat();
    const path = ['rooms', 'r1'];
    const acts = [
      () => database.read(user('eve'), path),
      () => database.streamJson(user('eve'), path, 'val'),
      () => database.transaction(user('eve'), path, () => 1),
      () => listen(database, '/rooms/r1', { as: user('eve') }),
    ];
    for (const act of acts) {
      const trace = await refusal(traces, act);
      expect(trace).toMatchObject({ database: 'test', principal: 'eve', operation: 'read', path: '/rooms/r1' });
      expect(trace.explanation?.steps.at(-1)).toMatchObject({
        rulePath: '/rooms/$room/.read',
        outcome: 'false',
        line: 5,
      });
    }
  });

  it('refuses a write with a trace that names the rule, and the values that it saw', async () => {
    const { database, traces } = await chat();
    const write = (): Promise<unknown> =>
      database.write({ principal: user('ann'), steps: [set('/rooms/r1/messages/m1', message('bob'))] });
    const trace = await refusal(traces, write);
    expect(trace).toMatchObject({ principal: 'ann', operation: 'write', path: '/rooms/r1/messages/m1' });
    expect(trace.explanation?.steps.at(-1)).toMatchObject({ kind: 'validate', outcome: 'false', line: 9 });
    expect(formatExplanation(trace.explanation!)).toContain('"bob"');
  });

  it('decides what is left for the end of a connection twice: when it is left, and when it is made', async () => {
    const { database, traces } = await chat();
    const scope = database.connectionScope();
    const leave = (by: string): void =>
      void scope.onDisconnect({ principal: user(by), steps: [set('/rooms/r1/messages/m9', message(by))] });
    expect(await refusal(traces, () => leave('eve'))).toMatchObject({ principal: 'eve', operation: 'write' });
    leave('ann');
    await write(database, set('/members/r1/ann', null));
    await scope.end();
    expect(database.read(ADMIN, ['rooms']).node).toBeNull();
  });

  it('ends a listen with a trace of the decision that ended it', async () => {
    const { database, traces } = await chat();
    const { heard } = listen(database, '/rooms/r1', { as: user('ann') });
    await settle();
    await write(database, set('/members/r1', null));
    await write(database, set('/rooms/r1/messages/m1', 'secret'));
    expect(heard.lines).toEqual(['put /rooms/r1 null']);
    expect(traces.find(heard.cancelled!.trace!)).toMatchObject({
      principal: 'ann',
      operation: 'read',
      path: '/rooms/r1',
    });
  });

  it('does not look again when something changes that no right rests on', async () => {
    const { database } = await chat();
    for (const as of [user('ann'), user('ann')]) listen(database, '/rooms/r1', { as });
    listen(database, '/users/bob', { as: user('bob', { email_verified: true }) });
    expect(database.stats()).toMatchObject({ subscriptions: 3, rightsGroups: 1 });
  });

  it('takes nobody for nobody', async () => {
    const { database, traces } = await chat();
    expect(await refusal(traces, () => database.read(NOBODY, ['users', 'null']))).toMatchObject({ principal: null });
  });
});
