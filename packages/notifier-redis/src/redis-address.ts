import { type BrokerTls, redactUrl } from '@backside/notifier/broker';
import { BacksideError } from '@backside/protocol';
import type { RedisOptions } from 'ioredis';

const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;

/** What the client library has to know of where a server is, and no more. */
export type RedisAddress = Omit<RedisOptions, 'protocol' | 'replyMapping'>;

/** How to reach one server, or through Sentinels a master, in the words of the client library. Throws `invalid-data` if `url` says neither. */
export function redisAddress(url: string, tls: BrokerTls): RedisAddress {
  const [, scheme, secured, sentinel, authority = '', path = '', query = ''] =
    /^(redis(s?)(\+sentinel)?):\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(url) ?? [];
  if (scheme === undefined || authority === '') throw invalid(url);
  const at = authority.lastIndexOf('@');
  const hosts = authority.slice(at + 1).split(',');
  const options = { ...credentialsOf(authority.slice(0, Math.max(0, at))), ...(secured === 's' && { tls }) };
  if (sentinel !== undefined)
    return { ...options, ...sentinelsOf(url, hosts, path, query), ...securedSentinels(secured, tls) };
  return { ...options, ...hostOf(url, hosts[0]!, DEFAULT_PORT) };
}

function sentinelsOf(url: string, hosts: readonly string[], path: string, query: string): RedisAddress {
  if (path === '') throw invalid(url);
  const settings = new URLSearchParams(query);
  const [sentinelUsername, sentinelPassword] = [settings.get('sentinelUsername'), settings.get('sentinelPassword')];
  return {
    name: decodeURIComponent(path),
    sentinels: hosts.map((host) => hostOf(url, host, DEFAULT_SENTINEL_PORT)),
    ...(sentinelUsername !== null && { sentinelUsername }),
    ...(sentinelPassword !== null && { sentinelPassword }),
  };
}

function securedSentinels(secured: string | undefined, tls: BrokerTls): RedisAddress {
  return secured === 's' ? { sentinelTLS: tls, enableTLSForSentinelMode: true } : {};
}

function hostOf(url: string, text: string, defaultPort: number): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw invalid(url);
  return { host, port: port === undefined ? defaultPort : Number(port) };
}

/** `user:password`, or `:password` for servers without users. */
function credentialsOf(text: string): Pick<RedisOptions, 'username' | 'password'> {
  if (text === '') return {};
  const [user, ...rest] = text.split(':');
  const username = decodeURIComponent(user!);
  const password = decodeURIComponent(rest.join(':'));
  return { ...(username !== '' && { username }), ...(password !== '' && { password }) };
}

function invalid(url: string): BacksideError {
  return new BacksideError('invalid-data', `${redactUrl(url)} is not an address of Redis`);
}
