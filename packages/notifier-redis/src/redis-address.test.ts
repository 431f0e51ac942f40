import { describe, expect, it } from 'vitest';
import { redisAddress } from './redis-address.js';

describe('an address of Redis', () => {
  it('is a server, with credentials and TLS if the URL has them', () => {
    expect(redisAddress('redis://127.0.0.1', {})).toEqual({ host: '127.0.0.1', port: 6379 });
    expect(redisAddress('redis://:p%2Fw@[::1]:7/0', {})).toEqual({ host: '::1', port: 7, password: 'p/w' });
    expect(redisAddress('rediss://bob:p:w@host:7', { ca: 'PEM' })).toEqual({
      host: 'host',
      port: 7,
      username: 'bob',
      password: 'p:w',
      tls: { ca: 'PEM' },
    });
  });

  it('is a master that Sentinels know', () => {
    expect(
      redisAddress('redis+sentinel://bob:pw@one,two:7/my%20main?sentinelUsername=a&sentinelPassword=b', {}),
    ).toEqual({
      username: 'bob',
      password: 'pw',
      name: 'my main',
      sentinels: [
        { host: 'one', port: 26_379 },
        { host: 'two', port: 7 },
      ],
      sentinelUsername: 'a',
      sentinelPassword: 'b',
    });
    expect(redisAddress('rediss+sentinel://one/main', {})).toMatchObject({
      tls: {},
      sentinelTLS: {},
      enableTLSForSentinelMode: true,
    });
  });

  it('is refused, without its credentials, if it is none', () => {
    for (const url of [
      'http://bob:pw@host',
      'redis://',
      'redis+sentinel://bob:pw@host',
      'redis://a b:c',
      'redis://bob:pw@',
    ]) {
      const read = (): unknown => redisAddress(url, {});
      expect(read).toThrow(expect.objectContaining({ code: 'invalid-data' }));
      expect(read).not.toThrow(/pw/);
    }
  });
});
