import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { closeWithConnection } from '@backside/media';
import { expect, onTestFinished, test } from 'vitest';
import { inTurn } from './in-turn.js';
import { connectTo } from './testing/connect-to.js';
import { startServer, type TestServer } from './testing/rest-fixture.js';

const RULES = '{"rules": {".read": true, ".write": true}}';

async function openConnection(): Promise<{ server: TestServer; socket: Socket }> {
  const server = await startServer();
  await server.main.rules.put(RULES, null);
  const socket = connect(server.port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  return { server, socket };
}

function requestOf(line: string, body = ''): string {
  return `${line} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** The bodies of the next so many answers. */
async function bodies(socket: Socket, count: number): Promise<string[]> {
  let text = '';
  const found = (): string[] => [...text.matchAll(/content-length: (\d+)[\s\S]*?\r\n\r\n/gi)].map(bodyIn);
  const bodyIn = (head: RegExpExecArray): string => text.slice(head.index + head[0].length).slice(0, Number(head[1]));
  while (found().length < count) text += String((await once(socket, 'data'))[0]);
  return found();
}

test('what a connection sends without waiting finds what it sent before', async () => {
  const { socket } = await openConnection();
  const read = requestOf('GET /a.json');
  socket.write(read + requestOf('PUT /a.json', '1') + read + read + requestOf('PUT /a.json', '2') + read);
  expect(await bodies(socket, 6)).toEqual(['null', '1', '1', '1', '2', '2']);
});

test('what changes something waits for the reads before it, which run side by side, and what is behind it for that', async () => {
  const begun: ServerResponse[] = [];
  const socket = await connectTo((request, response) => {
    closeWithConnection(request, response);
    inTurn(request, response, () => begun.push(response));
  });
  socket.write(['GET /1', 'GET /2', 'PUT /3', 'PUT /4', 'GET /5'].map((line) => requestOf(line)).join(''));
  const urls = (): (string | undefined)[] => begun.map(({ req }) => req.url);
  await expect.poll(urls).toEqual(['/1', '/2']);
  begun[1]!.end();
  begun[0]!.end();
  await expect.poll(urls).toEqual(['/1', '/2', '/3']);
  begun[2]!.end();
  await expect.poll(urls).toEqual(['/1', '/2', '/3', '/4']);
  begun[3]!.end();
  await expect.poll(urls).toEqual(['/1', '/2', '/3', '/4', '/5']);
});

test('what waits for its turn when the connection ends is not done', async () => {
  const { server, socket } = await openConnection();
  const { database } = server.main;
  const events = 'GET /c.json HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n';
  socket.write(events + requestOf('PUT /c.json', '1'));
  await once(socket, 'data');
  socket.destroy();
  await expect.poll(() => database.stats().subscriptions).toBe(0);
  expect(database.revision).toBe(0);
});

test('a connection on which too many wait is cut', async () => {
  const { socket } = await openConnection();
  const events = 'GET /d.json HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n';
  // It may be cut in the midst of what it sends.
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.resume().write(events + requestOf('DELETE /d.json').repeat(2_000));
  await closed;
});
