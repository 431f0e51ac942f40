import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { closeWithConnection } from './close-with-connection.js';

interface Asked {
  readonly client: Socket;
  /** Of three requests, all at once. */
  readonly responses: readonly ServerResponse[];
  /** The places of those that were told of their close, each time that they were. */
  readonly closed: readonly number[];
}

async function askThrice(): Promise<Asked> {
  const responses: ServerResponse[] = [];
  const closed: number[] = [];
  const server = createServer((request, response) => {
    const place = responses.push(response) - 1;
    response.on('close', () => closed.push(place));
    closeWithConnection(request, response);
    closeWithConnection(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(async () => {
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  client.resume().write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(3));
  await expect.poll(() => responses).toHaveLength(3);
  return { client, responses, closed };
}

test('all answers of a connection close with it, whether their turn had come or not', async () => {
  const { client, responses, closed } = await askThrice();
  client.destroy();
  await expect.poll(() => [...closed].sort()).toEqual([0, 1, 2]);
  expect(responses.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
});

test('an answer whose turn came closes once, when it is sent or with its connection', async () => {
  const { client, responses, closed } = await askThrice();
  responses[2]!.end('c');
  responses[0]!.end('a');
  await expect.poll(() => closed).toEqual([0]);
  expect(responses[1]!.socket).not.toBeNull();
  client.destroy();
  await expect.poll(() => closed).toHaveLength(3);
  expect([...closed].sort()).toEqual([0, 1, 2]);
});
