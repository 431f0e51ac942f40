import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { startServer } from '../harness/server.js';

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s drains: writes are answered, clients told, the exit code is 0, and nothing is lost',
  async (signal) => {
    const server = await startServer();
    const client = connect(server.tcpPort, '127.0.0.1');
    let received = '';
    client.on('data', (chunk) => {
      received += chunk.toString();
    });
    client.write('CONNECT\naccept-version:1.2\nhost:default\n\n\0');
    await expect.poll(() => received).toContain('CONNECTED');
    const writes = Array.from({ length: 50 }, (_, n) => `SEND\ndestination:/drain/${n}\nreceipt:r${n}\n\n${n}\0`);
    client.write(writes.join(''));
    await expect.poll(() => received).toContain('receipt-id:r0\n');
    const closed = once(client, 'close');
    process.kill(server.pid, signal);
    await closed;
    expect(await server.ended).toBe(0);
    await server.stop();
    expect(received.match(/receipt-id:r\d+\n/g)).toHaveLength(writes.length);
    expect(received).toContain('shutting-down');
  },
);
