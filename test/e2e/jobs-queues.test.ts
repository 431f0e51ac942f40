import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { startServer } from '../harness/server.js';
import { type ServiceName, sharedService } from '../services/index.js';
import { adminTokenOf } from './admin-token.js';

const JOBS = fileURLToPath(new URL('../../config/jobs', import.meta.url));

describe.each<{ queue: string; service: ServiceName }>([
  { queue: 'redis', service: 'redis' },
  { queue: 'amqp', service: 'rabbitmq' },
])('jobs over $queue', ({ queue, service }) => {
  test('run, show themselves, keep their ids and can be cancelled', { timeout: 90_000 }, async ({ skip }) => {
    const broker = await sharedService(service);
    if (broker === null) skip('the service is not there');
    const prefix = `test-${crypto.randomUUID()}`;
    const where = ['--queue', queue, '--queue-url', broker!.url, '--queue-prefix', prefix];
    const server = await startServer({ args: [...where, '--jobs', JOBS] });
    try {
      const token = await adminTokenOf(server);
      const ask = async (path: string, init: RequestInit = {}): Promise<[status: number, body: unknown]> => {
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
        const response = await fetch(`http://127.0.0.1:${server.httpPort}${path}`, { ...init, headers });
        const body = await response.text();
        return [response.status, body === '' ? null : JSON.parse(body)];
      };
      const submit = (job: object) => ask('/.jobs', { method: 'POST', body: JSON.stringify(job) });
      const greet = { name: 'greet.hello', data: { name: 'Bob' }, id: 'greet' };
      expect(await submit(greet)).toEqual([201, { id: 'greet', duplicate: false }]);
      while ((await ask('/jobs/greet/state.json'))[1] !== 'done') await sleep(50);
      expect((await ask('/jobs/greet/result.json'))[1]).toBe('hello Bob');
      expect(await submit(greet)).toEqual([200, { id: 'greet', duplicate: true }]);
      expect((await submit({ ...greet, id: 'later', delayMs: 1_000 }))[0]).toBe(201);
      expect((await ask('/.jobs/later', { method: 'DELETE' }))[0]).toBe(204);
      await sleep(1_500);
      expect((await ask('/.jobs/later'))[1]).toMatchObject({ state: 'cancelled', attempt: 0 });
    } finally {
      expect(await server.stop()).toBe(0);
      await broker!.stop();
    }
  });
});
