import { describe, expect, test } from 'vitest';
import { ConfigError } from '../config/config-error.js';
import { parseServerUrl } from './server-url.js';

describe('the address of a server', () => {
  test.each([
    ['127.0.0.1:5001', { transport: 'tcp', secure: false, host: '127.0.0.1', port: 5001 }],
    ['example.com', { transport: 'tcp', secure: false, host: 'example.com', port: 5001 }],
    ['stomps://example.com:7000', { transport: 'tcp', secure: true, host: 'example.com', port: 7000 }],
    ['stomp://[::1]:5001', { transport: 'tcp', secure: false, host: '::1', port: 5001 }],
    [
      'ws://localhost',
      { transport: 'websocket', secure: false, host: 'localhost', port: 5000, href: 'ws://localhost:5000/stomp' },
    ],
    ['wss://example.com/other', { transport: 'websocket', secure: true, port: 443, href: 'wss://example.com/other' }],
  ])('%s', (text, expected) => {
    expect(parseServerUrl(text)).toMatchObject(expected);
  });

  test.each(['http://example.com', 'stomp://', 'ftp://x:1', 'stomp://host:notaport', ''])('%j is none', (text) => {
    expect(() => parseServerUrl(text)).toThrow(ConfigError);
  });
});
