import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { MessageLink } from './message-link.js';

/** Answers every message on the channel `a` there, and says so on `b`. */
const CHILD = `
  process.on('message', ({ channel, message }) => {
    process.send({ noise: true });
    process.send('text');
    process.send({ channel, message: { echoed: message } });
    process.send({ channel: 'b', message: 'done' });
  });
`;

test('several conversations share one link; bytes arrive as bytes, other messages are ignored, and its end is told', async () => {
  const child = fork('-e', [CHILD], { execArgv: [], serialization: 'advanced' });
  const link = new MessageLink(child);
  const [a, b] = [link.channel('a'), link.channel('b')];
  const received: unknown[] = [];
  const stop = a.onMessage((message) => received.push(message));
  const told = new Promise((resolve) => b.onMessage(resolve));
  a.send(new Uint8Array([1, 2, 3]));
  expect(await told).toBe('done');
  expect(received).toEqual([{ echoed: new Uint8Array([1, 2, 3]) }]);

  stop();
  const again = new Promise((resolve) => b.onMessage(resolve));
  a.send('more');
  await again;
  expect(received).toHaveLength(1);

  expect(b.unsentBytes).toBe(0);
  const closed = new Promise<void>((resolve) => a.onClose(resolve));
  child.kill();
  await once(child, 'exit');
  await closed;
  a.send('lost');
  await new Promise<void>((resolve) => b.onClose(resolve));
});

test('what a process does not take is counted, and told when it is more than may wait', async () => {
  const child = fork('-e', [CHILD], { execArgv: [], serialization: 'advanced' });
  let exceeded = 0;
  const link = new MessageLink(child, { maxUnsentBytes: 4_500_000, onExceeded: () => (exceeded += 1) });
  const [a, b] = [link.channel('a'), link.channel('b')];
  const told = new Promise((resolve) => b.onMessage(resolve));
  a.send('hello');
  await told;
  child.kill('SIGSTOP');
  onTestFinished(() => void child.kill('SIGKILL'));
  for (let n = 0; n < 3; n += 1) a.send({ nested: [{ bytes: new Uint8Array(1_000_000), lengths: [1, 2] }] });
  expect(b.unsentBytes).toBeGreaterThan(2_000_000);
  expect(exceeded).toBe(0);
  for (let n = 0; n < 2; n += 1) a.send(new Uint8Array(1_000_000));
  expect(exceeded).toBe(1);
  child.kill('SIGCONT');
  await expect.poll(() => b.unsentBytes).toBe(0);
});
