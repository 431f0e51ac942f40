import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { TestAccount } from '../testing/legacy-fixture.js';
import { type LegacyMediaFixture, PNG, startLegacyWithMedia } from '../testing/legacy-media.js';
import { WebsocketRequests } from './websocket-requests.js';

type Body = Record<string, unknown>;

let server: LegacyMediaFixture;
let ann: TestAccount;
let bob: TestAccount;
const open: WebSocket[] = [];

beforeAll(async () => {
  server = await startLegacyWithMedia({ settings: { 'api-subscribe-interval': 0, 'api-allow': ['^/ping$'] } });
  ann = await server.account('ann');
  bob = await server.account('bob');
});
afterEach(() => {
  for (const socket of open.splice(0)) socket.terminate();
});
afterAll(() => server.close());

/** A websocket and everything that it receives. */
class Client {
  readonly socket: WebSocket;
  readonly frames: { readonly data: Buffer; readonly isBinary: boolean }[] = [];

  constructor(options: { path?: string; headers?: Record<string, string> } = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${server.port}${options.path ?? '/ws'}`, {
      headers: options.headers ?? {},
    });
    this.socket.on('message', (data: Buffer, isBinary) => this.frames.push({ data, isBinary }));
    this.socket.on('error', () => {});
    open.push(this.socket);
  }

  async opened(): Promise<this> {
    await once(this.socket, 'open');
    return this;
  }

  /** Sends a signed request. */
  ask(url: string, as: TestAccount): void {
    const signature = encodeURIComponent(server.client.sign('GET', url, as));
    this.socket.send(`${url}${url.includes('?') ? '&' : '?'}bk-signature=${signature}`);
  }

  async received(count: number): Promise<Body[]> {
    await vi.waitFor(() => expect(this.frames.length).toBeGreaterThanOrEqual(count), 5_000);
    return this.frames.map(({ data }) => JSON.parse(data.toString()) as Body);
  }
}

describe('requests by websocket', () => {
  it('are answered with the body, in one frame each', async () => {
    const client = await new Client().opened();
    client.ask('/account/get', ann);
    const [own] = await client.received(1);
    expect(own).toMatchObject({ id: ann.id, name: 'ann' });
    client.ask(`/counter/get?id=${bob.id}`, ann);
    const [, counter] = await client.received(2);
    expect(counter).toMatchObject({ id: bob.id, ping: 0 });
  });

  it('echo an _id when there is one', async () => {
    const client = await new Client().opened();
    client.ask('/account/get?_id=7', ann);
    client.ask('/account/select/icon?_id=list', ann);
    client.socket.send('/ping?_id=p');
    const bodies = await client.received(3);
    expect(bodies).toContainEqual(expect.objectContaining({ _id: '7', id: ann.id }));
    expect(bodies).toContainEqual({ _id: 'list', data: [] });
    expect(bodies).toContainEqual({ _id: 'p' });
  });

  it('write to the tree as over HTTP', async () => {
    const client = await new Client().opened();
    client.ask(`/message/add?id=${bob.id}&msg=Hello&_id=m`, ann);
    const [answer] = await client.received(1);
    expect(answer).toMatchObject({ _id: 'm', data: [{ id: bob.id, sender: ann.id }] });
    const inbox = server.value(`/messages/${bob.id}/inbox`) as Record<string, Body>;
    expect(Object.values(inbox)).toContainEqual(expect.objectContaining({ msg: 'Hello' }));
  });

  it('are refused with a status in the body, and the connection goes on', async () => {
    const client = await new Client().opened();
    client.socket.send('/account/get?_id=1');
    client.socket.send('/no/such/thing?_id=2');
    client.socket.send('hello');
    client.socket.send('');
    client.socket.send('/a b');
    client.ask('/icon/get?_id=3', ann);
    const bodies = await client.received(6);
    expect(bodies).toContainEqual(expect.objectContaining({ _id: '1', status: 417 }));
    expect(bodies).toContainEqual(expect.objectContaining({ _id: '2', status: 417 }));
    expect(bodies).toContainEqual({ _id: '3', status: 400, message: 'prefix is required' });
    expect(bodies.filter(({ status, _id }) => status === 400 && _id === undefined)).toHaveLength(3);
    client.socket.send('/ping');
    expect((await client.received(7)).at(-1)).toEqual({});
  });

  it('carry pictures as binary frames, or base64 with an _id', async () => {
    await server.client.post('/account/put/icon', { icon: PNG.toString('base64') }, { as: ann });
    const client = await new Client().opened();
    client.ask('/account/get/icon', ann);
    await vi.waitFor(() => expect(client.frames).toHaveLength(1));
    expect(client.frames[0]?.isBinary).toBe(true);
    expect(client.frames[0]?.data.subarray(1, 4).toString()).toBe('PNG');
    client.ask('/account/get/icon?_id=i', ann);
    await vi.waitFor(() => expect(client.frames).toHaveLength(2));
    const named = JSON.parse(client.frames[1]!.data.toString()) as Body;
    expect(named).toMatchObject({ _id: 'i', content_type: 'image/png' });
    expect(Buffer.from(String(named.data), 'base64')).toEqual(client.frames[0]?.data);
  });

  it('stay subscribed, and let go with the connection', async () => {
    const before = server.database.stats().subscriptions;
    const client = await new Client().opened();
    client.ask('/account/subscribe?_id=s', ann);
    await vi.waitFor(() => expect(server.database.stats().subscriptions).toBe(before + 1));
    for (const msg of ['one', 'two']) {
      await server.client.get('/message/add', { id: ann.id, msg }, { as: bob });
    }
    expect(await client.received(2)).toEqual([
      { _id: 's', data: [expect.objectContaining({ path: '/message/add', msg: 'one' })] },
      { _id: 's', data: [expect.objectContaining({ path: '/message/add', msg: 'two' })] },
    ]);
    client.socket.terminate();
    await vi.waitFor(() => expect(server.database.stats().subscriptions).toBe(before));
  });

  it('take only so many at a time', async () => {
    const client = await new Client().opened();
    for (let index = 0; index < 33; index++) client.ask(`/account/subscribe?_id=${index}`, ann);
    expect(await client.received(1)).toEqual([expect.objectContaining({ _id: '32', status: 429 })]);
  });

  it('take the cookie of the upgrade, unless another page opened it', async () => {
    const login = await server.client.post('/login', { login: ann.login, secret: ann.secret, _session: 1 });
    const cookies = [login.headers['set-cookie'] ?? []].flat().map((cookie) => cookie.split(';', 1)[0]);
    const cookie = cookies.join('; ');
    const own = await new Client({ headers: { cookie, origin: `http://127.0.0.1:${server.port}` } }).opened();
    own.socket.send('/account/get');
    expect(await own.received(1)).toEqual([expect.objectContaining({ id: ann.id })]);
    const foreign = await new Client({ headers: { cookie, origin: 'https://evil.example' } }).opened();
    foreign.socket.send('/account/get');
    expect(await foreign.received(1)).toEqual([expect.objectContaining({ status: 417 })]);
  });
});

describe('a client that does not read', () => {
  it('is not read from either, and gets every answer once it reads again', async () => {
    await server.client.post('/pages/put/big', { title: 'Big', content: 'x'.repeat(500_000) }, { as: ann });
    const client = await new Client().opened();
    client.socket.pause();
    const asked = 200;
    for (let index = 0; index < asked; index++) client.ask(`/pages/get/big?_id=${index}`, ann);
    await server.client.get('/ping');
    client.socket.resume();
    const bodies = await client.received(asked);
    expect(new Set(bodies.map(({ _id }) => _id)).size).toBe(asked);
    const answered = bodies.filter(({ status }) => status === undefined);
    expect(answered.length).toBeGreaterThan(0);
    expect(answered.every(({ title }) => title === 'Big')).toBe(true);
    expect(bodies.every(({ status }) => status === undefined || status === 429)).toBe(true);
  });
});

describe('signs of life', () => {
  it('are asked for, and who gives none is cut off', async () => {
    const web = createServer().listen(0, '127.0.0.1');
    await once(web, 'listening');
    const requests = new WebsocketRequests({
      clientAddress: () => '127.0.0.1',
      publicTls: false,
      path: () => '/ws',
      dispatch: server.context.dispatch,
      logger: server.log,
      beatMs: 2_000,
    });
    web.on('upgrade', (message, socket, head) => requests.upgrade(message, socket, head));
    const url = `ws://127.0.0.1:${(web.address() as AddressInfo).port}/ws`;
    const [alive, mute] = [new WebSocket(url), new WebSocket(url, { autoPong: false })];
    open.push(alive, mute);
    await new Promise((resolve) => mute.once('close', resolve));
    expect(alive.readyState).toBe(WebSocket.OPEN);
    await vi.waitFor(() => expect(requests.size).toBe(1));
    const goodbye = once(alive, 'close');
    await requests.close();
    expect((await goodbye)[0]).toBe(1001);
    expect(requests.size).toBe(0);
    web.close();
  });
});

describe('a server that ends', () => {
  it('answers what is under way, ends what waits, and says goodbye', async () => {
    const ending = await startLegacyWithMedia({ settings: { 'api-allow': ['^/ping$'] } });
    const account = await ending.account('ann');
    const socket = new WebSocket(`ws://127.0.0.1:${ending.port}/ws`);
    open.push(socket);
    const frames: Body[] = [];
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as Body));
    await once(socket, 'open');
    const icon = encodeURIComponent(PNG.toString('base64'));
    const urls = ['/account/subscribe?_id=waits', `/account/put/icon?_id=icon&_width=2000&icon=${icon}`];
    for (const url of urls) {
      const signature = encodeURIComponent(ending.client.sign('GET', url, account));
      socket.send(`${url}&bk-signature=${signature}`);
    }
    await vi.waitFor(() => expect(ending.database.stats().subscriptions).toBe(1));
    socket.send('/ping?_id=ping');
    await vi.waitFor(() => expect(frames).toContainEqual({ _id: 'ping' }));
    const goodbye = once(socket, 'close');
    await ending.close();
    expect((await goodbye)[0]).toBe(1001);
    expect(frames).toContainEqual({ _id: 'icon', data: [expect.objectContaining({ width: 2000 })] });
    expect(frames).toHaveLength(2);
  });
});

describe('the connection', () => {
  it('is taken at its path only', async () => {
    const client = new Client({ path: '/other' });
    await new Promise((resolve) => client.socket.once('close', resolve));
    expect(client.frames).toEqual([]);
  });

  it('ends on frames that are too large or no text', async () => {
    const large = await new Client().opened();
    large.socket.send(`/${'x'.repeat(70_000)}`);
    expect((await once(large.socket, 'close'))[0]).toBe(1009);
    const binary = await new Client().opened();
    binary.socket.send(Buffer.from('/ping'));
    expect((await once(binary.socket, 'close'))[0]).toBe(1003);
  });

  it('survives what is no websocket', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
    expect((await server.client.get('/ping')).status).toBe(200);
  });
});
