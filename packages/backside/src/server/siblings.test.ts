import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import type { LinkChannel } from './message-link.js';
import { createNoSiblings, createSiblings, QuestionRelay } from './siblings.js';

/** Two ends of one channel that carries copies, one turn later. */
function connected(): { worker: LinkChannel; primary: LinkChannel; cut: () => void } {
  const wires = { worker: new EventEmitter(), primary: new EventEmitter() };
  const end = (own: EventEmitter, other: EventEmitter): LinkChannel => ({
    unsentBytes: 0,
    send: (message) => setImmediate(() => other.emit('message', structuredClone(message))),
    onMessage: (handler) => {
      own.on('message', handler);
      return () => own.off('message', handler);
    },
    onClose: (handler) => {
      own.once('close', handler);
    },
  });
  return {
    worker: end(wires.worker, wires.primary),
    primary: end(wires.primary, wires.worker),
    cut: () => wires.primary.emit('close'),
  };
}

test('a process alone answers itself', async () => {
  const siblings = createNoSiblings();
  siblings.answer({ double: (n) => 2 * (n as number) });
  expect(await siblings.ask('double', 21)).toEqual([42]);
  expect(await siblings.ask('unknown', 1)).toEqual([null]);
});

test('a question reaches every worker, the asker included', async () => {
  const relay = new QuestionRelay();
  const workers = ['a', 'b', 'c'].map((name) => {
    const { worker, primary, cut } = connected();
    relay.add(primary);
    const siblings = createSiblings(worker);
    siblings.answer({ name: (suffix) => name + String(suffix) });
    return { siblings, cut };
  });
  const answers = await Promise.all(workers.map(({ siblings }) => siblings.ask('name', '!')));
  for (const values of answers) expect([...values].sort()).toEqual(['a!', 'b!', 'c!']);
  workers[2]!.cut();
  expect([...(await workers[0]!.siblings.ask('name', '?'))].sort()).toEqual(['a?', 'b?']);
});
