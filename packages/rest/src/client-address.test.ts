import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createClientAddress } from './client-address.js';

/** What a server without express takes for the address of a request from loopback with this header. */
async function addressSeen(
  trustedProxies: readonly string[],
  forwardedFor: string,
  host = '127.0.0.1',
): Promise<string> {
  const addressOf = createClientAddress(trustedProxies);
  const server = createServer((request, response) => response.end(addressOf(request)));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}`, { headers: { 'x-forwarded-for': forwardedFor } });
  return response.text();
}

test('without trusted proxies the address is that of the connection', async () => {
  expect(await addressSeen([], '1.2.3.4')).toBe('127.0.0.1');
  expect(await addressSeen(['10.0.0.0/8'], '1.2.3.4')).toBe('127.0.0.1');
});

test('a trusted proxy tells the address; what the client put before it does not count', async () => {
  expect(await addressSeen(['127.0.0.0/8'], '6.6.6.6, 1.2.3.4')).toBe('1.2.3.4');
  expect(await addressSeen(['127.0.0.1', '1.2.3.4'], '6.6.6.6, 1.2.3.4')).toBe('6.6.6.6');
  expect(await addressSeen(['127.0.0.1'], 'unknown')).toBe('127.0.0.1');
});

test('an IPv4 client of an IPv6 socket has its IPv4 address', async () => {
  expect(await addressSeen([], '', '::ffff:127.0.0.1')).toBe('127.0.0.1');
  expect(await addressSeen(['127.0.0.1'], '::ffff:1.2.3.4')).toBe('1.2.3.4');
});

test('a network that is none is refused at once', () => {
  expect(() => createClientAddress(['10.0.0.0/40'])).toThrow();
});
