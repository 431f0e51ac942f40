import { randomBytes } from 'node:crypto';
import { createServer as createWebServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { createDatabase, createRulesAuthorizer, type RulesSource, TraceLog } from '@backside/api';
import { createMemoryNotifier } from '@backside/notifier';
import { NOBODY, type Principal, SILENT_LOGGER } from '@backside/protocol';
import { createProxy } from '@backside/proxy';
import { compileRules, type Rules } from '@backside/security';
import { createMemoryJournal, createMemoryReplica } from '@backside/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Headers, StompClient } from '../../harness/stomp-client.js';
import { connectWith, subscribe, write } from './world.js';

/** Everybody may do everything at `/open`; at `/rooms` only who is a member, and for as long as. */
const MEMBERS_ONLY = `{ "rules": {
  "open": { ".read": true, ".write": true },
  "members": { ".write": true },
  "rooms": { "$room": {
    ".read": "root.child('members').child($room).child(auth.uid).exists()",
    ".write": "root.child('members').child($room).child(auth.uid).val() === 'writes'"
  } }
} }`;
const NO_ROOMS = '{ "rules": { "open": { ".read": true, ".write": true } } }';

/** Rules that can be replaced while they are in force. */
class ReplaceableRules implements RulesSource {
  current: Rules = compileRules(MEMBERS_ONLY);
  #since = 0;
  #changed: () => void = () => {};

  since(): number {
    return this.#since;
  }

  onChange(changed: () => void): () => void {
    this.#changed = changed;
    return () => {};
  }

  replace(source: string, revision: number): void {
    this.current = compileRules(source);
    this.#since = revision;
    this.#changed();
  }
}

/** Whoever the token says: a uid and, behind a colon, how often it was renewed. */
function principalOf(token: string | undefined): Principal {
  if (token === undefined) return NOBODY;
  const [uid = '', renewed = '0'] = token.split(':');
  return { kind: 'user', uid, provider: 'test', claims: { renewed } };
}

/** A server in this process whose clients are who they say they are. */
async function serveRules() {
  const rules = new ReplaceableRules();
  const traces = new TraceLog({ nodeId: 'n', now: Date.now, randomBytes });
  const database = await createDatabase({
    name: 'main',
    journal: createMemoryJournal(),
    replica: createMemoryReplica(),
    notifier: createMemoryNotifier(),
    authorizer: createRulesAuthorizer({ database: 'main', rules, traces }),
    logger: SILENT_LOGGER,
    now: Date.now,
    random: Math.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    nodeId: 'n',
  });
  const proxy = createProxy({
    databases: () => database,
    authenticate: async ({ token }) => principalOf(token),
    logger: SILENT_LOGGER,
    now: Date.now,
  });
  const tcp = createTcpServer({ allowHalfOpen: true }, (socket) => proxy.acceptTcp(socket));
  const web = createWebServer();
  web.on('upgrade', (request, socket, head) => proxy.handleUpgrade(request, socket, head));
  const ports = await Promise.all([tcp, web].map(listening));
  const stop = async (): Promise<void> => {
    for (const server of [tcp, web]) server.close();
    await proxy.drain();
    await database.close();
  };
  return { rules, traces, database, tcpPort: ports[0]!, httpPort: ports[1]!, stop };
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

describe.each(['tcp', 'websocket'] as const)('N rights over %s', (transport) => {
  let server: Awaited<ReturnType<typeof serveRules>>;
  const clients: StompClient[] = [];

  beforeAll(async () => {
    server = await serveRules();
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await server.stop();
  });

  async function signedIn(uid: string): Promise<StompClient> {
    const { tcpPort, httpPort } = server;
    const client = await (transport === 'tcp'
      ? StompClient.tcp(tcpPort)
      : StompClient.websocket(`ws://127.0.0.1:${httpPort}/stomp`));
    clients.push(client);
    await connectWith(client, { 'accept-version': '1.2', host: 'main', token: uid });
    return client;
  }

  /** A client that wants to be told of refusals instead of being closed. */
  async function forgiving(uid: string): Promise<StompClient> {
    const client = await signedIn(uid);
    await client.request('SUBSCRIBE', { id: 'e', destination: '/.errors' });
    return client;
  }

  /** What the client is told of a frame that is refused. */
  async function refused(client: StompClient, command: string, headers: Headers, body = '') {
    client.send(command, { ...headers, receipt: 'refused' } as Headers, body);
    return client.message('e');
  }

  const admitted = async (room: string, uid: string, as = 'reads'): Promise<StompClient> => {
    const host = await signedIn('host');
    await write(host, `/members/${room}/${uid}`, as);
    return host;
  };

  it('N08 a SUBSCRIBE that the rules refuse: ERROR with receipt-id, code and trace, then the close', async () => {
    const client = await signedIn('eve');
    client.send('SUBSCRIBE', { id: 's', destination: '/rooms/a', receipt: 'r' });
    client.send('SEND', { destination: '/open/behind' }, '1');
    const { headers, text } = await client.refusal();
    expect(headers.get('code')).toBe('permission-denied');
    expect(headers.get('receipt-id')).toBe('r');
    expect(headers.get('subscription')).toBe('s');
    expect(server.traces.find(headers.get('trace')!)?.path).toBe('/rooms/a');
    expect(text).toContain(headers.get('trace'));
    expect((await subscribe(await signedIn('eve'), '/open/behind')).snapshot).toBeNull();
  });

  it('N08 a SEND that the rules refuse has no effect, nor has any frame behind it: ERROR, then the close', async () => {
    await admitted('b', 'bob');
    const client = await signedIn('bob');
    client.send('SEND', { destination: '/rooms/b/x', receipt: 'r' }, '1');
    client.send('SEND', { destination: '/open/after' }, '1');
    const { headers } = await client.refusal();
    expect(headers.get('code')).toBe('permission-denied');
    expect(headers.get('receipt-id')).toBe('r');
    expect(server.traces.find(headers.get('trace')!)?.operation).toBe('write');
    expect((await subscribe(await signedIn('bob'), '/rooms/b')).snapshot).toBeNull();
    expect((await subscribe(await signedIn('bob'), '/open/after')).snapshot).toBeNull();
  });

  it('N08 who listens to /.errors is told of both, and keeps the connection', async () => {
    const client = await forgiving('eve');
    const subscribing = await refused(client, 'SUBSCRIBE', { id: 's', destination: '/rooms/c' });
    const sending = await refused(client, 'SEND', { destination: '/rooms/c' }, '1');
    for (const { headers, text } of [subscribing, sending]) {
      expect(headers.get('code')).toBe('permission-denied');
      expect(headers.get('receipt-id')).toBe('refused');
      expect(server.traces.find(headers.get('trace')!)?.path).toBe('/rooms/c');
      expect(JSON.parse(text)).toMatchObject({ code: 'permission-denied', trace: headers.get('trace') });
    }
    await write(client, '/open/still', 'here');
  });

  it('N08 a right lost with the data that it rested on: no further MESSAGE, a notice, and the others go on', async () => {
    const host = await admitted('d', 'dan');
    const client = await forgiving('dan');
    await subscribe(client, '/rooms/d', { id: 'room' });
    const { id } = await subscribe(client, '/open/d');
    await write(host, '/members/d/host', 'writes');
    await write(host, '/rooms/d/said', 'for dan');
    expect((await client.message('room')).text).toBe('"for dan"');
    await write(host, '/members/d/dan', null);
    await write(host, '/rooms/d/said', 'not for dan');
    await write(host, '/open/d', 'for all');
    expect((await client.message(id)).text).toBe('"for all"');
    const notice = await client.message('e');
    expect(JSON.parse(notice.text)).toMatchObject({ code: 'permission-denied', subscription: 'room' });
    expect(server.traces.find(notice.headers.get('trace')!)?.path).toBe('/rooms/d');
    expect(client.received.some(({ text }) => text.includes('not for dan'))).toBe(false);
  });

  it('N08 a token that is renewed on the connection: every MESSAGE comes once and in order', async () => {
    const host = await admitted('g', 'gil');
    await write(host, '/members/g/host', 'writes');
    const client = await signedIn('gil');
    await subscribe(client, '/rooms/g', { id: 'room' });
    const written = (async () => {
      for (let n = 0; n < 300; n += 1) await write(host, '/rooms/g', n);
    })();
    for (let renewed = 1; renewed <= 20; renewed += 1) {
      await client.request('SEND', { destination: '/.auth' }, JSON.stringify(`gil:${renewed}`));
    }
    await written;
    const values: string[] = [];
    while (values.at(-1) !== '299') values.push((await client.message('room')).text);
    expect(values).toEqual(Array.from({ length: 300 }, (_, n) => `${n}`));
  });

  it('N08 rules revoked while subscribed: no further MESSAGE, and ERROR with subscription and trace', async () => {
    await admitted('f', 'fay', 'writes');
    const [silent, forgives] = [await signedIn('fay'), await forgiving('fay')];
    for (const client of [silent, forgives]) await subscribe(client, '/rooms/f', { id: 'room' });
    server.rules.replace(NO_ROOMS, server.database.revision);
    try {
      const error = await silent.refusal();
      expect(error.headers.get('code')).toBe('permission-denied');
      expect(error.headers.get('subscription')).toBe('room');
      expect(server.traces.find(error.headers.get('trace')!)?.operation).toBe('read');
      expect(JSON.parse((await forgives.message('e')).text)).toMatchObject({ subscription: 'room' });
      await write(forgives, '/open/f', 'still served');
    } finally {
      server.rules.replace(MEMBERS_ONLY, server.database.revision);
    }
    await write(await signedIn('fay'), '/rooms/f/said', 'secret');
    await subscribe(forgives, '/open/f');
    expect(forgives.received.some(({ text }) => text.includes('secret'))).toBe(false);
  });
});
