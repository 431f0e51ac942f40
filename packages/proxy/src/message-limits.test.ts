import type { Socket } from 'node:net';
import { deflateRawSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { CONNECT, closeServed, serve, talk } from './sockets-fixture.js';

afterEach(closeServed);

/** Sends octets that are compressed already as one message, masked with zeros. */
function sendCompressed(websocket: WebSocket, octets: Buffer): void {
  const header = Buffer.alloc(14);
  header[0] = 0x80 | 0x40 | 0x02;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(octets.byteLength), 2);
  const { _socket: socket } = websocket as unknown as { _socket: Socket };
  socket.write(header);
  socket.write(octets);
}

describe('the size of a websocket message', () => {
  test.each([false, true])(
    'before CONNECT a message may hold no more than a CONNECT needs, after it no more than is allowed (compressed: %s)',
    async (deflate) => {
      const { httpPort } = await serve({ compression: true, limits: { websocketMessageBytes: 1_000_000 } });
      const early = await talk(httpPort, { deflate });
      early.socket.send('\n'.repeat(65_537));
      expect(await early.closed()).toBe(1009);
      const late = await talk(httpPort, { deflate });
      late.socket.send(CONNECT);
      expect(await late.next()).toMatch(/^CONNECTED/);
      late.socket.send(`SEND\ndestination:/a\nreceipt:1\n\n"${' '.repeat(900_000)}"\0`);
      expect(await late.next()).toMatch(/receipt-id:1\n/);
      late.socket.send('\n'.repeat(1_000_001));
      expect(await late.closed()).toBe(1009);
    },
  );

  test('a compressed message is inflated no further than it may be long', async () => {
    const { httpPort, proxy } = await serve({ compression: true, limits: { websocketMessageBytes: 1_000_000 } });
    const bomb = deflateRawSync(Buffer.alloc(256 * 2 ** 20, '\n'));
    const { socket, next, closed } = await talk(httpPort, { deflate: true });
    socket.send(CONNECT);
    expect(await next()).toMatch(/^CONNECTED/);
    const before = proxy.counters.bytesIn;
    sendCompressed(socket, bomb);
    expect(await closed()).toBe(1009);
    expect(proxy.counters.bytesIn).toBe(before);
    const { socket: other, next: answer } = await talk(httpPort, { deflate: true });
    other.send(CONNECT);
    expect(await answer()).toMatch(/^CONNECTED/);
  });
});
