import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AppendTurns } from './append-turns.js';

describe('turns to append', () => {
  it('are everybody’s until somebody met a conflict, who then comes next', async () => {
    const turns = new AppendTurns<string>(60_000);
    expect(['a', 'b'].every((member) => turns.isFree(member))).toBe(true);
    turns.claim('b');
    turns.tell('b');
    const order: string[] = [];
    const waiting = turns.wait('a').then(() => order.push('a'));
    await turns.wait('b');
    order.push('b');
    turns.end('b');
    await waiting;
    expect(order).toEqual(['b', 'a']);
  });

  it('go round in the order of the conflicts', async () => {
    const turns = new AppendTurns<string>(60_000);
    for (const member of ['a', 'b', 'c']) turns.claim(member);
    for (const member of ['c', 'b', 'a']) turns.tell(member);
    const order: string[] = [];
    const all = ['c', 'b', 'a'].map(async (member) => {
      await turns.wait(member);
      order.push(member);
      turns.end(member);
    });
    await Promise.all(all);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('pass on from one that does not append, some time after it was told and not before', async () => {
    const turns = new AppendTurns<string>(10);
    turns.claim('a');
    await sleep(40);
    expect(turns.isFree('b')).toBe(false);
    turns.tell('a');
    await turns.wait('b');
    expect(turns.isFree('c')).toBe(true);
  });

  it('pass on from one that is gone, which need not have had its turn', async () => {
    const turns = new AppendTurns<string>(60_000);
    turns.claim('a');
    turns.claim('b');
    turns.end('b');
    turns.end('a');
    await turns.wait('c');
    expect(turns.isFree('c')).toBe(true);
  });
});
