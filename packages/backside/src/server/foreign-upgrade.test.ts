import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { ignoreUpgrade } from './foreign-upgrade.js';
import { HttpDrain } from './http-drain.js';

async function newIdentity(): Promise<{ cert: Buffer; key: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), 'backside-upgrade-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await promisify(execFile)('openssl', ['req', ...kind, '-subj', '/CN=localhost', '-keyout', key, '-out', cert]);
  return { cert: await readFile(cert), key: await readFile(key) };
}

/** A client of a server that speaks HTTP alone and tells what each request was: late for `/late`. */
async function connectedClient(secure: boolean): Promise<Socket> {
  const drain = new HttpDrain();
  const listener = drain.observe(async (request, response) => {
    const body = await text(request);
    if (request.url === '/late') await new Promise((resolve) => setTimeout(resolve, 100));
    response.end(`${request.method} ${request.url} "${body}" ${request.headers['x-name']}\n`);
  });
  const identity = secure ? await newIdentity() : null;
  const web = identity === null ? createServer(listener) : createTlsServer(identity, listener);
  web.on('upgrade', (request, socket, head) => {
    ignoreUpgrade(web, { request, socket, head, before: drain.lastOn(socket) });
  });
  await once(web.listen(0, '127.0.0.1'), 'listening');
  const { port } = web.address() as AddressInfo;
  const client = secure ? connectTls({ port, rejectUnauthorized: false }) : connect(port, '127.0.0.1');
  onTestFinished(async () => {
    client.destroy();
    web.closeAllConnections();
    await new Promise((resolve) => web.close(resolve));
  });
  return client;
}

const CHUNK = 'x'.repeat(50_000);

test.each([
  ['plainly', false],
  ['over TLS', true],
])('a request is read as a whole and answered in its turn, %s', async (_how, secure) => {
  const client = await connectedClient(secure);
  const wish = 'host: x\r\nConnection: Upgrade\r\nUPGRADE: h2c\r\nx-name: \xfc\r\n';
  client.write('GET /late HTTP/1.1\r\nhost: x\r\n\r\n');
  client.write(`POST /a HTTP/1.1\r\n${wish}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n`, 'latin1');
  setTimeout(() => {
    client.write(`${CHUNK.length.toString(16)}\r\n${CHUNK}\r\n0\r\n\r\n`);
    client.write(`GET /late HTTP/1.1\r\n${wish}\r\nPUT /b HTTP/1.0\r\n${wish}content-length: 1\r\n\r\nc`, 'latin1');
  }, 200);
  const answers = (await text(client)).split('\n').filter((line) => / "/.test(line));
  expect(answers).toEqual(['GET /late "" undefined', `POST /a "ab${CHUNK}" ü`, 'GET /late "" ü', 'PUT /b "c" ü']);
});
