import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Request } from 'express';
import proxyAddr from 'proxy-addr';

const MAPPED_PREFIX = '::ffff:';

/**
 * Who sent the request: the peer of the connection or, if that is a trusted proxy, the last address of `X-Forwarded-For`
 * that no trusted proxy has. What is not an address there is not believed. An IPv4 address comes without its IPv6 mapping.
 */
export function clientAddress(request: Request): string {
  return addressOf(request, request.ip ?? '');
}

/** The same for requests that do not come through express, such as the upgrade to a websocket. */
export function createClientAddress(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  const trust = proxyAddr.compile([...trustedProxies]);
  return (request) => addressOf(request, proxyAddr(request, trust));
}

function addressOf(request: IncomingMessage, claimed: string): string {
  const address = isIP(claimed) === 0 ? (request.socket.remoteAddress ?? '') : claimed;
  const inner = address.slice(MAPPED_PREFIX.length);
  return address.toLowerCase().startsWith(MAPPED_PREFIX) && isIP(inner) === 4 ? inner : address;
}
