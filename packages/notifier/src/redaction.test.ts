import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { redactUrl, withoutSecrets } from './redaction.js';

describe('a URL that may be shown', () => {
  it('has neither credentials nor settings', () => {
    expect(redactUrl('amqps://bob:s3cr%2Ft@one:1,two:2/vhost?heartbeat=5')).toBe('amqps://***@one:1,two:2/vhost');
    expect(redactUrl('nats://t0ken@host')).toBe('nats://***@host');
    expect(redactUrl('redis://:p@ss@host/0')).toBe('redis://***@host/0');
    expect(redactUrl('redis+sentinel://one:1/main?sentinelPassword=x')).toBe('redis+sentinel://one:1/main');
  });

  it('is as it was if it has none', () => {
    expect(redactUrl('redis://127.0.0.1:6379')).toBe('redis://127.0.0.1:6379');
  });
});

describe('an error that may be logged', () => {
  it('has its words, name and code, and nothing that a vendor attached', () => {
    const error = Object.assign(new TypeError('refused'), { code: 'ECONNREFUSED', command: { args: ['s3cret'] } });
    const plain = withoutSecrets(error, 'redis://bob:s3cret@host');
    expect(plain).toMatchObject({ message: 'refused', name: 'TypeError', code: 'ECONNREFUSED' });
    expect(inspect(plain, { depth: 9 })).not.toContain('s3cret');
  });

  it('says no secret of the URL, as written or as meant', () => {
    const url = 'redis+sentinel://bob:s3cr%2Ft@one:1/main?sentinelPassword=0ther&sentinelUsername=carl';
    const plain = withoutSecrets(new Error('s3cr%2Ft and s3cr/t and 0ther of carl'), url);
    expect(plain.message).toBe('*** and *** and *** of carl');
    expect(withoutSecrets(new Error('no t0ken'), 'nats://t0ken@host').message).toBe('no ***');
  });

  it('takes what is no error', () => {
    expect(withoutSecrets('gone', 'redis://host').message).toBe('gone');
    expect(withoutSecrets(new Error(''), 'redis://host').message).toBe('no reason was given');
  });
});
