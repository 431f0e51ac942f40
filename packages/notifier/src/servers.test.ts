import { expect, it } from 'vitest';
import { serversOf } from './servers.js';

it('lists the servers of a URL, each with all the rest', () => {
  expect(serversOf('amqps://u:p@one:1,two:2,[::1]:3/v?heartbeat=5')).toEqual([
    'amqps://u:p@one:1/v?heartbeat=5',
    'amqps://u:p@two:2/v?heartbeat=5',
    'amqps://u:p@[::1]:3/v?heartbeat=5',
  ]);
});

it('leaves a URL of one server as it is, and what is no URL for the driver to refuse', () => {
  for (const url of ['redis://127.0.0.1:6379', 'nats://token@host', 'amqp://u:p,q@host/', 'nonsense']) {
    expect(serversOf(url)).toEqual([url]);
  }
});
