import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { clientFrame } from '../harness/load-client.js';
import { HostileClient } from './hostile-client.js';
import { hostileServer, overWebsocket, repeat, serveHostileClients } from './hostile-server.js';

const MINUTES = 60_000;

serveHostileClients();

describe('websocket framing', () => {
  it(
    'a million tiny fragments of one message take bounded time',
    async () => {
      const client = await overWebsocket();
      client.connect();
      await client.saw('CONNECTED');
      client.write(clientFrame(Buffer.from('S'), 2, false));
      const fragments = Buffer.concat([...repeat(clientFrame(Buffer.from('x'), 0, false), 1000)]);
      await client.pour(repeat(fragments, 1000));
      const { milliseconds } = await client.finish(60_000);
      console.info(
        `a million fragments: ${Math.round(milliseconds)} ms, ${client.socket.bytesWritten} bytes were written`,
      );
      expect(milliseconds).toBeLessThan(MINUTES);
    },
    2 * MINUTES,
  );

  it(
    'a million empty fragments take bounded time',
    async () => {
      const client = await overWebsocket();
      client.write(clientFrame(Buffer.from('C'), 2, false));
      const fragments = Buffer.concat([...repeat(clientFrame(Buffer.alloc(0), 0, false), 1000)]);
      await client.pour(repeat(fragments, 1000));
      const { milliseconds } = await client.finish(60_000);
      expect(milliseconds).toBeLessThan(MINUTES);
    },
    2 * MINUTES,
  );

  it(
    'a frame in a million messages of one octet is served, or its sender refused, in bounded time',
    async () => {
      const client = await overWebsocket();
      client.connect();
      await client.saw('CONNECTED');
      const head = 'SEND\ndestination:/octets\nreceipt:octets\n\n"';
      const octets = (text: string): Buffer =>
        Buffer.concat([...text].map((octet) => clientFrame(Buffer.from(octet), 2)));
      await client.pour([octets(head), ...repeat(octets('x'.repeat(1000)), 1000), octets('"\0')]);
      await client.saw('octets', 60_000);
      await client.finish();
      expect(client.text).toMatch(/receipt-id:octets|ERROR/);
    },
    2 * MINUTES,
  );

  it('compression is not agreed to, and a compressed frame ends the connection', async () => {
    const client = await HostileClient.websocket(
      hostileServer().httpPort,
      'permessage-deflate; client_max_window_bits',
    );
    expect(client.text).toMatch(/^HTTP\/1.1 101 /);
    expect(client.text.toLowerCase()).not.toContain('sec-websocket-extensions');
    const bomb = clientFrame(deflateRawSync(Buffer.alloc(64 * 2 ** 20)), 2);
    bomb[0] = bomb[0]! | 0x40;
    client.connect();
    client.write(bomb);
    await client.end();
  });

  it('unmasked frames, reserved opcodes and endless lengths end the connection', async () => {
    const endless = clientFrame(Buffer.alloc(65_536), 2);
    endless.fill(0xff, 2, 10);
    for (const octets of [
      Buffer.from([0x82, 1, 65]),
      clientFrame(Buffer.from('x'), 3),
      clientFrame(Buffer.from('x'), 15),
      endless,
    ]) {
      const client = await overWebsocket();
      client.write(octets);
      await client.end();
    }
  });

  it('broken upgrade requests are answered and closed', async () => {
    for (const request of [
      'GET /stomp HTTP/1.1\r\nUpgrade: websocket\r\n\r\n',
      'BREW /stomp HTTP/9.9\r\n\r\n',
      '\0\0\0\0\r\n\r\n',
    ]) {
      const client = await HostileClient.tcp(hostileServer().httpPort);
      client.write(request);
      await client.finish();
    }
  });
});
