import { request } from 'node:http';
import { ADMIN } from '@backside/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseBackendjsSettings } from '../settings.js';
import type { LegacyReplyOf } from '../testing/legacy-client.js';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';
import { eventPath, eventSteps, type LegacyEvent } from './event.js';

type Poll = Promise<LegacyReplyOf<LegacyEvent[]>>;

let server: LegacyFixture;
afterEach(() => server.close());

async function start(settings: { intervalMs: number; timeoutMs?: number }): Promise<TestAccount[]> {
  const { intervalMs, timeoutMs = 60_000 } = settings;
  server = await startLegacy({
    extend: () => ({
      settings: {
        ...parseBackendjsSettings({}),
        subscribeIntervalMs: intervalMs,
        subscribeTimeoutMs: timeoutMs,
      },
    }),
  });
  return [await server.account('ann'), await server.account('bob')];
}

/** Begins a poll; resolves once it listens. */
async function poll(as: TestAccount, params: Record<string, string> = {}): Promise<{ readonly reply: Poll }> {
  const before = server.database.stats().subscriptions;
  const reply: Poll = server.client.get('/account/subscribe', params, { as });
  reply.catch(() => {});
  await listeners(before + 1);
  return { reply };
}

function listeners(count: number): Promise<void> {
  return vi.waitFor(() => expect(server.database.stats().subscriptions).toBe(count), 5_000);
}

async function publish(to: TestAccount, event: LegacyEvent): Promise<void> {
  await server.database.write({ principal: ADMIN, steps: eventSteps(to.id, event) });
}

describe('/account/subscribe', () => {
  it('answers what happens after it began, and lets go', async () => {
    const [ann, bob] = (await start({ intervalMs: 0 })) as [TestAccount, TestAccount];
    await server.client.get('/message/add', { id: ann.id, msg: 'before' }, { as: bob });
    const { reply } = await poll(ann);
    await server.client.get('/message/add', { id: ann.id, msg: 'Hello' }, { as: bob });
    const { status, json } = await reply;
    expect(status).toBe(200);
    expect(json).toEqual([{ path: '/message/add', mtime: expect.any(Number), name: 'bob', msg: 'Hello' }]);
    await listeners(0);
  });

  it('collects what comes within the interval', async () => {
    const [ann] = (await start({ intervalMs: 300 })) as [TestAccount, TestAccount];
    const { reply } = await poll(ann);
    for (const mtime of [1, 2, 3]) await publish(ann, { path: '/x', mtime });
    expect((await reply).json.map(({ mtime }) => mtime)).toEqual([1, 2, 3]);
  });

  it('tells equal events one by one', async () => {
    const [ann] = (await start({ intervalMs: 300 })) as [TestAccount, TestAccount];
    const { reply } = await poll(ann);
    for (let i = 0; i < 2; i++) await publish(ann, { path: '/x', mtime: 7 });
    expect((await reply).json).toEqual([
      { path: '/x', mtime: 7 },
      { path: '/x', mtime: 7 },
    ]);
  });

  it('waits for what matches, as the original documents it', async () => {
    const [ann, bob] = (await start({ intervalMs: 0 })) as [TestAccount, TestAccount];
    const { reply } = await poll(ann, { match: 'connection/add.*type:*like' });
    await server.client.get('/message/add', { id: ann.id, msg: 'type: like' }, { as: bob });
    await server.client.get('/connection/add', { peer: ann.id, type: 'invite' }, { as: bob });
    await server.client.get('/connection/add', { peer: ann.id, type: 'like' }, { as: bob });
    expect((await reply).json).toEqual([
      { path: '/connection/add', mtime: expect.any(Number), name: 'bob', type: 'like' },
    ]);
  });

  it('is not held up by any expression', async () => {
    const [ann] = (await start({ intervalMs: 0 })) as [TestAccount, TestAccount];
    const { reply } = await poll(ann, { match: '((a+)+)+[?]' });
    await publish(ann, { path: '/x', mtime: 1, msg: `${'a'.repeat(100)}!` });
    await publish(ann, { path: '/x', mtime: 2, msg: 'a?' });
    expect((await reply).json[0]?.mtime).toBe(2);
    expect((await server.client.get('/account/subscribe', { match: '(' }, { as: ann })).status).toBe(400);
  });

  it('is for accounts, and only tells what is theirs', async () => {
    const [ann, bob] = (await start({ intervalMs: 0 })) as [TestAccount, TestAccount];
    expect((await server.client.get('/account/subscribe')).status).toBe(417);
    const { reply } = await poll(ann);
    await publish(bob, { path: '/secret', mtime: 1 });
    await publish(ann, { path: '/mine', mtime: 2 });
    expect((await reply).json).toEqual([{ path: '/mine', mtime: 2 }]);
  });

  it('drops the connection when nothing comes in time', async () => {
    const [ann] = (await start({ intervalMs: 0, timeoutMs: 100 })) as [TestAccount, TestAccount];
    await expect(server.client.get('/account/subscribe', {}, { as: ann })).rejects.toThrow();
    await listeners(0);
  });

  it('tells nothing to who could not ask any more', async () => {
    const [ann] = (await start({ intervalMs: 0 })) as [TestAccount, TestAccount];
    const { reply } = await poll(ann);
    expect((await server.client.get('/account/put/secret', { token_secret: 1 }, { as: ann })).status).toBe(200);
    await publish(ann, { path: '/x', mtime: 1 });
    expect((await reply).json).toMatchObject({ status: 401, code: 'NOAUTH' });
    await listeners(0);
  });

  it('tells nothing to who was disabled where accounts are managed', async () => {
    const [ann] = (await start({ intervalMs: 0 })) as [TestAccount, TestAccount];
    const { reply } = await poll(ann);
    await server.auth.users.update(ADMIN, ann.id, { disabled: true });
    server.clock.advance(1_001);
    await publish(ann, { path: '/x', mtime: 1 });
    expect((await reply).json).toMatchObject({ status: 401, code: 'NOAUTH' });
    await listeners(0);
  });

  it('tells nothing to a session of elsewhere that was ended, nor to whom its own lists keep out by now', async () => {
    const [ann, bob] = (await start({ intervalMs: 0 })) as [TestAccount, TestAccount];
    const { accessToken } = await server.auth.users.issue(ADMIN, { uid: ann.id });
    const headers = { authorization: `Bearer ${accessToken}` };
    const ended = server.client.get('/account/subscribe', {}, { headers });
    await listeners(1);
    await server.auth.users.revokeSessions(ADMIN, ann.id);
    await publish(ann, { path: '/x', mtime: 1 });
    expect((await ended).json).toMatchObject({ status: 401 });
    const { reply: kept } = await poll(bob);
    await server.context.credentials.change(bob.id, { aclDeny: '^/account/subscribe' });
    await publish(bob, { path: '/x', mtime: 1 });
    expect((await kept).json).toMatchObject({ status: 403, code: 'ACL' });
    await listeners(0);
  });

  it('leaves nothing behind when the client goes', async () => {
    const [ann] = (await start({ intervalMs: 60_000 })) as [TestAccount, TestAccount];
    const url = '/account/subscribe';
    const headers = { 'bk-signature': server.client.sign('GET', url, ann) };
    const sent = request({ host: '127.0.0.1', port: server.port, path: url, headers, agent: false });
    sent.on('error', () => {}).end();
    await listeners(1);
    sent.destroy();
    await listeners(0);
  });

  it('ends when the server does', async () => {
    const [ann] = (await start({ intervalMs: 0 })) as [TestAccount, TestAccount];
    const { reply } = await poll(ann);
    const ended = expect(reply).rejects.toThrow();
    await server.backendjs.close();
    await ended;
  });
});

describe('an event', () => {
  it('is the last one at a path of its own', async () => {
    await start({ intervalMs: 0 });
    expect(eventPath('a.b/c')).toEqual(['events', 'a%2Eb%2Fc']);
    const long = `${'x'.repeat(127)}😀`;
    const [step] = eventSteps('a', { path: '/message/add', mtime: 1, msg: long });
    expect(step).toMatchObject({ method: 'set', value: { msg: 'x'.repeat(127) } });
    await server.database.write({ principal: ADMIN, steps: [step!] });
    expect(server.value('/events/a')).toEqual({ path: '/message/add', mtime: 1, msg: 'x'.repeat(127) });
  });
});
