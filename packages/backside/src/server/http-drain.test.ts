import { Agent, createServer, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpDrain, retireWebServer } from './http-drain.js';

let web: Server;
let drain: HttpDrain;
let agent: Agent;
/** Requests that wait for the test to answer them. */
let waiting: ServerResponse[];
let port: number;

beforeEach(async () => {
  drain = new HttpDrain();
  waiting = [];
  web = createServer(
    drain.observe((asked, response) => {
      if (asked.url === '/late') waiting.push(response);
      else response.end('now');
    }),
  );
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  ({ port } = web.address() as AddressInfo);
});
afterEach(() => {
  agent.destroy();
  web.closeAllConnections();
  web.close();
});

interface Got {
  readonly text: string;
  readonly connection: string | undefined;
  readonly port: number;
}

function get(path: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, agent }, (response) => {
      const { localPort } = response.socket;
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ text, connection: response.headers.connection, port: localPort! }));
    });
    asked.on('error', reject).end();
  });
}

describe('a port that is given up', () => {
  it('answers on a kept connection once more, and lets it go with the answer', async () => {
    const first = await get('/');
    expect(first.connection).toBe('keep-alive');
    drain.leave();
    const gone = retireWebServer(web, 10_000);
    const last = await get('/');
    expect([last.connection, last.port]).toEqual(['close', first.port]);
    await gone;
  });

  it('takes no new connection', async () => {
    await retireWebServer(web, 10_000);
    const refused = new Promise((_resolve, reject) => {
      request({ host: '127.0.0.1', port, path: '/' }).on('error', reject).end();
    });
    await expect(refused).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('closes idle connections in the end', async () => {
    await get('/');
    await retireWebServer(web, 50);
    await expect.poll(() => Object.keys(agent.freeSockets)).toEqual([]);
  });

  it('is done once the requests under way are answered', async () => {
    const late = get('/late');
    await expect.poll(() => waiting).toHaveLength(1);
    let done = false;
    const answered = drain.answered(20_000).then(() => (done = true));
    expect(done).toBe(false);
    waiting[0]!.end('late');
    expect((await late).text).toBe('late');
    await answered;
  });

  it('does not wait for those whose connection has closed before their turn', async () => {
    const client = connect(port, '127.0.0.1');
    client.write('GET /late HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(3));
    await expect.poll(() => waiting).toHaveLength(3);
    client.destroy();
    await drain.answered(20_000);
    expect(waiting.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
  }, 10_000);

  it('waits no longer than it may', async () => {
    const late = get('/late');
    await expect.poll(() => waiting).toHaveLength(1);
    await drain.answered(20);
    waiting[0]!.end('after all');
    expect((await late).text).toBe('after all');
  });
});
