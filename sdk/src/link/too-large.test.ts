import { DEFAULT_PROXY_LIMITS } from '@backside/proxy';
import { afterEach, expect, test } from 'vitest';
import { closeConnections, connect, Heard, online, set, target, write } from '../testing/connected.js';
import { openMemoryServer, put, valueAt } from '../testing/memory-server.js';
import { until } from '../testing/until.js';

afterEach(closeConnections);

const { frames } = DEFAULT_PROXY_LIMITS;

test.each([
  ['of one step', (large: string) => set('/large', large)],
  ['of several steps', (large: string) => [set('/b', 0), set('/large', large), set('/c', 0)]],
  ['to a long path', (large: string) => set(`/${large.slice(0, 300)}`, 1)],
])('a write %s that is longer than a frame may be is refused, and the rest goes on', async (_what, steps) => {
  const server = await openMemoryServer({
    limits: { frames: { ...frames, maxBodyBytes: 1_000, maxHeaderLineBytes: 200 } },
  });
  const connection = connect(server);
  const heard = new Heard();
  connection.listen(target('/a'), heard);
  const results = await Promise.allSettled([
    connection.write(write(set('/a', 1))),
    connection.write(write(steps('x'.repeat(2_000)))),
    connection.write(write(set('/a', 2))),
  ]);
  expect(results).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { code: 'too-large', message: expect.stringMatching(/too long/) } },
    { status: 'fulfilled' },
  ]);
  await until(() => heard.lines.at(-1) === 'put /a 2', 'the last write');
  expect(valueAt(server, '/')).toEqual({ a: 2 });
  expect(server.wires).toHaveLength(2);
});

test('a listen whose query is longer than a header may be is refused, and the rest goes on', async () => {
  const { server, connection } = await online();
  const [refused, kept] = [new Heard(), new Heard()];
  connection.listen(target('/a', { orderBy: '$value', startAt: 'x'.repeat(70_000) }), refused);
  connection.listen(target('/a'), kept);
  await until(() => refused.refusal !== null, 'the refusal');
  expect(refused.refusal).toMatchObject({ code: 'too-large' });
  await until(() => kept.events.length === 1, 'the other listen');
  await put(server, '/a', 1);
  await until(() => kept.lines.at(-1) === 'put /a 1', 'the write');
  expect(server.wires).toHaveLength(2);
});

test('however often a server has found something too long, what follows arrives whole', async () => {
  const { server, connection } = await online();
  for (let closes = 0; closes < 30; closes += 1) {
    server.wires.at(-1)!.cut('too long', true);
    await until(() => server.wires.length === closes + 2 && connection.status === 'online', 'the next connection');
  }
  await connection.write(write(set('/a', 'ü'.repeat(5_000))));
  expect(valueAt(server, '/a')).toBe('ü'.repeat(5_000));
});
