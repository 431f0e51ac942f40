import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServerHandle, startServer } from '../harness/server.js';
import { runBackside } from './run-backside.js';

let folder: string;
let cert: string;
let server: ServerHandle;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-tls-'));
  cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await promisify(execFile)('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert]);
  server = await startServer({ args: ['--tls-cert', cert, '--tls-key', key] });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

test('with a certificate both ports speak TLS', async () => {
  const env = { NODE_EXTRA_CA_CERTS: cert };
  const tcp = `stomps://localhost:${server.tcpPort}`;
  const websocket = `wss://localhost:${server.httpPort}`;
  expect(await runBackside(['set', '/a', '1', '--url', tcp], { env })).toMatchObject({ code: 0, stderr: '' });
  for (const url of [websocket, `stomps://127.0.0.1:${server.tcpPort}`])
    expect(await runBackside(['get', '/a', '--url', url], { env })).toEqual({ code: 0, stdout: '1\n', stderr: '' });
});

test('a certificate that nobody vouches for is refused by the client', async () => {
  const url = `stomps://localhost:${server.tcpPort}`;
  const { code, stderr } = await runBackside(['get', '/a', '--url', url]);
  expect([code, stderr]).toEqual([
    1,
    `backside: ${url} cannot be used: its certificate is not signed by an authority that is known here; name a file with that ` +
      'authority, or with the certificate itself, in NODE_EXTRA_CA_CERTS\n',
  ]);
});

test('a certificate without its key, or one that is not there, is refused at the start', async () => {
  const alone = await runBackside(['start', '--dev', '--tls-cert', cert]);
  expect(alone).toMatchObject({ code: 2, stderr: 'backside: tlsCert and tlsKey are only of use together\n' });
  const missing = await runBackside(['start', '--dev', '--tls-cert', '/none.pem', '--tls-key', '/none.key']);
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('tlsCert: ENOENT') });
});
