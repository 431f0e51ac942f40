import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { limitSending, limitTaking } from './idle-limit.js';
import { connectTo } from './testing/connect-to.js';

const IDLE_MS = 150;

it('cuts a client off that stops sending', async () => {
  const socket = await connectTo((request) => {
    limitSending(request, IDLE_MS);
    request.resume().on('error', () => undefined);
  });
  socket.write('PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nsome');
  await once(socket.resume(), 'close');
});

it('waits for a server that takes its time, once everything was sent', async () => {
  const socket = await connectTo(async (request, response) => {
    limitSending(request, IDLE_MS);
    for await (const _ of request);
    await setTimeout(3 * IDLE_MS);
    response.end('done');
  });
  socket.write('PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nsome');
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toContain('200 OK');
});

it('cuts a client off that stops taking', async () => {
  const ended = new Promise<void>((resolve) => {
    void connectTo((request, response) => {
      limitTaking(request, IDLE_MS);
      response.once('close', resolve);
      response.write(Buffer.alloc(50_000_000));
    }).then((socket) => {
      socket.pause();
      socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    });
  });
  await ended;
});
