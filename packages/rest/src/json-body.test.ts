import { once } from 'node:events';
import type { Socket } from 'node:net';
import { SILENT_LOGGER } from '@backside/protocol';
import express from 'express';
import { expect, it, onTestFinished } from 'vitest';
import { errorReply } from './error-reply.js';
import { bodyReader } from './json-body.js';
import { connectTo } from './testing/connect-to.js';

const WITHIN_MS = 200;

function connectToReader(): Promise<Socket> {
  const read = bodyReader(100, WITHIN_MS);
  const app = express();
  app.post('/', async (request, response) => {
    await read(request, response);
    response.send(`got ${String(request.body)}`);
  });
  app.use(errorReply(SILENT_LOGGER));
  return connectTo(app);
}

it('refuses a body that trickles in for too long, and ends the connection', async () => {
  const socket = await connectToReader();
  socket.on('error', () => {});
  let answer = '';
  socket.on('data', (bytes) => {
    answer += String(bytes);
  });
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n');
  const trickle = setInterval(() => socket.write('x'), WITHIN_MS / 10);
  onTestFinished(() => clearInterval(trickle));
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answer).toContain('"timeout"');
});

it('takes one that comes in pieces', async () => {
  const socket = await connectToReader();
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nso');
  socket.write('me');
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toContain('got some');
});
