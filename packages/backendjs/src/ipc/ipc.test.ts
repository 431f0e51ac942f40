import { createMemoryHub } from '@backside/notifier';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { type Ipc, type IpcOptions, openIpc } from './ipc.js';
import type { IpcMessage } from './ipc-message.js';

const hub = createMemoryHub();
const opened: Ipc[] = [];
afterEach(async () => {
  for (const ipc of opened.splice(0)) await ipc.close();
});

async function open(nodeId: string, options: Partial<IpcOptions> = {}): Promise<Ipc> {
  const ipc = await openIpc({
    notifier: hub.connect(),
    nodeId,
    appName: 'bkjs',
    roles: ['worker'],
    logger: SILENT_LOGGER,
    ...options,
  });
  opened.push(ipc);
  return ipc;
}

function hear(ipc: Ipc, op: string): IpcMessage[] {
  const heard: IpcMessage[] = [];
  ipc.on(op, (message) => heard.push(message));
  return heard;
}

describe('newMsg', () => {
  it('gives each message its operation and a number', async () => {
    const ipc = await open('a');
    const [first, second] = [ipc.newMsg('op', { x: 1 }), ipc.newMsg('op')];
    expect(first).toEqual({ __op: 'op', __msgid: first.__msgid, x: 1 });
    expect(second.__msgid).toBeGreaterThan(first.__msgid);
  });

  it('gives a message back as it is, and reads texts as JSON', async () => {
    const ipc = await open('a');
    const message = ipc.newMsg('op', { x: 1 });
    expect(ipc.newMsg(message)).toBe(message);
    expect(ipc.newMsg('{"__op":"told","y":2}')).toMatchObject({ __op: 'told', y: 2 });
    expect(ipc.newMsg('op', '{"z":3}')).toMatchObject({ __op: 'op', z: 3 });
    for (const bad of ['{', '[1]', '7']) expect(() => ipc.newMsg('op', bad)).toThrow('not a message');
  });
});

describe('emitMsg', () => {
  it('tells the listeners of this process, and nobody for an empty operation', async () => {
    const [ipc, other] = [await open('a'), await open('b')];
    const [heard, all, elsewhere] = [hear(ipc, 'op'), hear(ipc, '*'), hear(other, '*')];
    ipc.emitMsg('op', { x: 1 });
    ipc.emitMsg('', { x: 2 });
    expect(heard.map(({ x }) => x)).toEqual([1]);
    expect(all).toHaveLength(1);
    expect(elsewhere).toHaveLength(0);
  });

  it('calls nobody who has left', async () => {
    const ipc = await open('a');
    let calls = 0;
    const leave = ipc.on('op', () => (calls += 1));
    ipc.emitMsg('op');
    leave();
    ipc.emitMsg('op');
    expect(calls).toBe(1);
  });
});

describe('broadcast', () => {
  it('reaches every process that listens to the channel, once, the sender included', async () => {
    const [a, b, c] = [await open('a'), await open('b'), await open('c')];
    const heard: string[] = [];
    for (const [name, ipc] of Object.entries({ a, b })) {
      await ipc.subscribe('news', ({ text }) => heard.push(`${name} ${String(text)}`));
    }
    c.broadcast('news', { __op: 'told', text: 'hello' });
    a.broadcast('news', { __op: 'told', text: 'again' });
    await expect.poll(() => [...heard].sort()).toEqual(['a again', 'a hello', 'b again', 'b hello']);
  });

  it('reaches the role of an application: a channel that begins with a colon has its name in front', async () => {
    const [web, master] = [await open('a', { roles: ['web'] }), await open('b', { roles: ['web', 'master'] })];
    const stranger = await open('c', { appName: 'other', roles: ['master'] });
    const [atWeb, atMaster, atStranger] = [hear(web, 'x'), hear(master, 'x'), hear(stranger, 'x')];
    web.broadcast(':master', { __op: 'x', n: 1 });
    web.broadcast('bkjs:web', { __op: 'x', n: 2 });
    await expect.poll(() => atMaster.map(({ n }) => n)).toEqual([1, 2]);
    expect(atWeb.map(({ n }) => n)).toEqual([2]);
    expect(atStranger).toEqual([]);
  });

  it('is heard no more once the subscription has ended', async () => {
    const [a, b] = [await open('a'), await open('b')];
    const heard: unknown[] = [];
    const end = await b.subscribe('news', ({ n }) => heard.push(n));
    a.broadcast('news', { __op: 'x', n: 1 });
    await expect.poll(() => heard).toEqual([1]);
    await end();
    const last: unknown[] = [];
    await b.subscribe('news', ({ n }) => last.push(n));
    a.broadcast('news', { __op: 'x', n: 2 });
    await expect.poll(() => last).toEqual([2]);
    expect(heard).toEqual([1]);
  });
});

describe('sendMsg', () => {
  it('is answered here if this process can, else by whichever can', async () => {
    const [a, b] = [await open('a'), await open('b')];
    a.answer('own', ({ x }) => ({ y: Number(x) + 1 }));
    b.answer('theirs', ({ x }) => ({ y: Number(x) * 10 }));
    expect(await a.sendMsg('own', { x: 1 })).toMatchObject({ __op: 'own', y: 2 });
    expect(await a.sendMsg('theirs', { x: 7 })).toMatchObject({ __op: 'theirs', y: 70 });
  });

  it('keeps answers to questions asked at once apart', async () => {
    const [a, b] = [await open('a'), await open('b')];
    b.answer('twice', ({ x }) => ({ y: Number(x) * 2 }));
    const answers = await Promise.all([1, 2, 3].map((x) => a.sendMsg('twice', { x })));
    expect(answers.map((answer) => answer?.y)).toEqual([2, 4, 6]);
  });

  it('resolves with nothing if nobody answers in time, or this process ends', async () => {
    const a = await open('a');
    expect(await a.sendMsg('nobody', {}, { timeoutMs: 20 })).toBeNull();
    const late = a.sendMsg('nobody', {}, { timeoutMs: 60_000 });
    await a.close();
    expect(await late).toBeNull();
  });
});
