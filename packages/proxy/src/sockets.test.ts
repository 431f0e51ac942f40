import { once } from 'node:events';
import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { CONNECT, closeServed, converse, serve, type Talk, talk } from './sockets-fixture.js';

afterEach(closeServed);

describe('over TCP', () => {
  test('a client that half-closes after DISCONNECT still gets its RECEIPT, and a FIN', async () => {
    const { tcpPort } = await serve();
    const answer = await converse(
      tcpPort,
      `${CONNECT}SEND\ndestination:/a\nreceipt:1\n\n1\0DISCONNECT\nreceipt:bye\n\n\0`,
      true,
    );
    expect(answer).toMatch(/receipt-id:1\n[\s\S]*receipt-id:bye\n/);
  });

  test('an ERROR is not lost though more input was on its way', async () => {
    const { tcpPort } = await serve();
    const answer = await converse(tcpPort, `${CONNECT}SEND\n\n1\0${'SEND\ndestination:/a\n\n1\0'.repeat(20_000)}`);
    expect(answer).toMatch(/ERROR\nmessage:Missing header\n/);
    expect(answer.endsWith('\0\n')).toBe(true);
  });

  test('a session is the same whatever pieces it comes in', async () => {
    const { tcpPort } = await serve();
    const socket = net.connect(tcpPort, '127.0.0.1').setNoDelay(true);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    for (const octet of Buffer.from(
      `${CONNECT}SEND\r\ndestination:/ü\r\nreceipt:a\\cb\r\n\r\n"é"\0DISCONNECT\nreceipt:bye\n\n\0`,
    )) {
      socket.write(Buffer.from([octet]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await once(socket, 'close');
    expect(Buffer.concat(chunks).toString()).toMatch(/receipt-id:a\\cb\n[\s\S]*receipt-id:bye\n/);
  });

  test.each([
    ['an HTTP request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a TLS greeting', Buffer.from('16030100f8010000f40303', 'hex')],
  ])('%s is answered by an ERROR and the end', async (_what, input) => {
    const { tcpPort, proxy } = await serve();
    expect(await converse(tcpPort, input)).toMatch(/^ERROR\n/);
    await expect.poll(() => proxy.connections).toBe(0);
  });

  test('connections beyond the limit are told so', async () => {
    const { tcpPort } = await serve({ limits: { connectionsPerAddress: 1 } });
    const first = net.connect(tcpPort, '127.0.0.1');
    await once(first, 'connect');
    await new Promise((resolve) => setImmediate(resolve));
    expect(await converse(tcpPort, '')).toMatch(/code:limit-exceeded\n/);
    first.destroy();
  });
});

describe('over websocket', () => {
  test.each([
    [['v10.stomp', 'v11.stomp', 'v12.stomp'], 'v12.stomp'],
    [['v11.stomp', 'v10.stomp'], 'v11.stomp'],
    [[], ''],
  ])('of the subprotocols %j it is %j', async (protocols, chosen) => {
    const { httpPort } = await serve();
    expect((await talk(httpPort, { protocols })).socket.protocol).toBe(chosen);
  });

  test('an unknown subprotocol is not confirmed', async () => {
    const { httpPort } = await serve();
    await expect(talk(httpPort, { protocols: ['mqtt'] })).rejects.toThrow('no subprotocol');
  });

  test('an unknown path and a foreign origin are refused', async () => {
    const { httpPort } = await serve({ allowedOrigins: ['https://ours.example'] });
    await expect(talk(httpPort, { path: '/elsewhere' })).rejects.toThrow('404');
    await expect(talk(httpPort, { origin: 'https://theirs.example' })).rejects.toThrow('403');
    expect((await talk(httpPort, { origin: 'https://ours.example' })).socket.readyState).toBe(WebSocket.OPEN);
    expect((await talk(httpPort)).socket.readyState).toBe(WebSocket.OPEN);
  });

  test.each([false, true])(
    'each message is one whole frame, and DISCONNECT ends in 1000 (compressed: %s)',
    async (deflate) => {
      const { httpPort } = await serve({ compression: true });
      const { socket, next, closed } = await talk(httpPort, { deflate });
      expect(socket.extensions !== '').toBe(deflate);
      socket.send(`${CONNECT}SUBSCRIBE\nid:s\ndestination:/a\nreceipt:1\n\n\0`);
      const big = `"${'x'.repeat(70_000)}"`;
      socket.send(Buffer.from(`SEND\ndestination:/a\nreceipt:2\n\n${big}\0`));
      expect(await next()).toMatch(/^CONNECTED\n[^\0]*\0\n$/);
      expect(await next()).toMatch(/^RECEIPT\n[^\0]*\0\n$/);
      expect(await next()).toMatch(/^MESSAGE\n[^\0]*\n\nnull\0\n$/);
      expect((await next()).endsWith(`\n\n${big}\0\n`)).toBe(true);
      expect(await next()).toMatch(/^RECEIPT\n[^\0]*\0\n$/);
      socket.send('DISCONNECT\nreceipt:bye\n\n\0');
      expect(await next()).toMatch(/receipt-id:bye\n/);
      expect(await closed()).toBe(1000);
    },
  );

  test('frames may be cut anywhere, in fragments too, and an empty message is nothing', async () => {
    const { httpPort } = await serve();
    const { socket, next } = await talk(httpPort);
    socket.send('');
    socket.send('CONNECT\naccept-ver');
    socket.send('sion:1.2\nhost:h\n', { fin: false });
    socket.send('\n\0', { fin: true });
    expect(await next()).toMatch(/^CONNECTED/);
    const send = Buffer.from('SEND\ndestination:/a\nreceipt:é\n\n"é"\0');
    const cut = send.indexOf(0xc3) + 1;
    socket.send(send.subarray(0, cut));
    socket.send(send.subarray(cut));
    expect(await next()).toContain('receipt-id:é\n');
  });

  test('the close code says what was wrong', async () => {
    const { httpPort, proxy } = await serve({ limits: { websocketMessageBytes: 100_000 } });
    const codes: number[] = [];
    const faults: ((talk: Talk) => void)[] = [
      ({ socket }) => socket.send('SEND\ndestination:/a\n\n1\0'),
      ({ socket }) => socket.send(Buffer.from([0xff, 0xfe]), { binary: false }),
      ({ socket }) => socket.send('x'.repeat(200_000)),
      () => void proxy.drain(),
    ];
    for (const fault of faults) {
      const peer = await talk(httpPort);
      fault(peer);
      codes.push(await peer.closed());
    }
    expect(codes).toEqual([1002, 1007, 1009, 1001]);
  });

  test('a websocket ping is answered between frames', async () => {
    const { httpPort } = await serve();
    const { socket } = await talk(httpPort);
    socket.ping('p');
    expect(String((await once(socket, 'pong'))[0])).toBe('p');
  });

  test('the original client is served at its own path', async () => {
    const { httpPort } = await serve();
    const { socket, next } = await talk(httpPort, { path: '/socks/websocket' });
    socket.send('CONNECT\naccept-version:1.0,1.1\nheart-beat:10000,10000\nlogin:\npasscode:\n\n\0');
    expect(await next()).toMatch(/^CONNECTED\nversion:1.1\n/);
    socket.send('SUBSCRIBE\nid:sub-0\ndestination:/users/bob\n\n\0');
    expect(await next()).toMatch(/\n\n\{"key":"\/users\/bob","message":null\}\0\n$/);
  });
});

describe('health and metrics', () => {
  async function get(port: number, path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, body: await response.text() };
  }

  test('tell how the node is', async () => {
    const { httpPort, proxy } = await serve();
    expect(await get(httpPort, '/health')).toMatchObject({
      status: 200,
      body: expect.stringContaining('"status":"ok"'),
    });
    await proxy.drain();
    expect(await get(httpPort, '/health')).toMatchObject({
      status: 503,
      body: expect.stringContaining('"status":"draining"'),
    });
    expect((await get(httpPort, '/other')).status).toBe(404);
  });

  test('count what happened', async () => {
    const { httpPort, tcpPort } = await serve();
    await converse(tcpPort, `${CONNECT}SEND\ndestination:/a\nreceipt:1\n\n1\0SEND\ndestination:/a.b\n\n1\0`);
    for (let scrape = 0; scrape < 2; scrape += 1) {
      const { body } = await get(httpPort, '/metrics');
      expect(body).toMatch(/^backside_proxy_connections_total 1$/m);
      expect(body).toMatch(/^backside_proxy_receipts_sent_total 1$/m);
      expect(body).toMatch(/^backside_proxy_refused_total\{code="invalid-path"\} 1$/m);
      expect(body).toMatch(/^backside_database_revision\{database="test"\} 1$/m);
    }
  });
});

test('draining tells everybody, aborts what was open, and refuses newcomers', async () => {
  const { tcpPort, httpPort, proxy } = await serve();
  const socket = net.connect(tcpPort, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(`${CONNECT}BEGIN\ntransaction:t\n\n\0SEND\ndestination:/a\ntransaction:t\nreceipt:1\n\n1\0`);
  await expect.poll(() => Buffer.concat(chunks).toString()).toContain('receipt-id:1');
  await Promise.all([once(socket, 'close'), proxy.drain()]);
  expect(Buffer.concat(chunks).toString()).toMatch(/ERROR\nmessage:Server is shutting down\n/);
  expect(proxy.connections).toBe(0);
  await expect(talk(httpPort)).rejects.toThrow('503');
  expect(await converse(tcpPort, '')).toMatch(/code:shutting-down\n/);
});
