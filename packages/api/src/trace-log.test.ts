import type { Explanation } from '@backside/security';
import { describe, expect, it } from 'vitest';
import { type Denial, nodeOfTrace, TraceLog, type TraceLogLimits } from './trace-log.js';

const DENIAL: Denial = { database: 'default', principal: 'ann', operation: 'read', path: '/a' };

function explanation(source = 'auth != null'): Explanation {
  return {
    allowed: false,
    operation: 'read',
    path: '/a',
    steps: [
      {
        kind: 'read',
        rulePath: '/a/.read',
        location: '/a',
        line: 1,
        column: 1,
        source,
        outcome: 'false',
        error: null,
        bindings: {},
        values: [],
      },
    ],
  };
}

function createLog(limits: Partial<TraceLogLimits> = {}): { log: TraceLog; clock: { now: number } } {
  const clock = { now: 1_000 };
  let made = 0;
  const randomBytes = (size: number): Uint8Array => {
    made += 1;
    return new Uint8Array(size).fill(made & 0xff).fill(made >> 8, 0, 1);
  };
  return { log: new TraceLog({ nodeId: 'node-7', now: () => clock.now, randomBytes, limits }), clock };
}

describe('a trace log', () => {
  it('keeps each refusal with its explanation under an id that names its node', () => {
    const { log } = createLog();
    const id = log.record(DENIAL, 1, explanation);
    expect(log.find(id)).toEqual({ id, time: 1_000, ...DENIAL, explanation: explanation() });
    expect(nodeOfTrace(id)).toBe('node-7');
    expect(log.find('node-7.AAAAAAAAAAAAAAAA')).toBeNull();
  });

  it('tells the node of an id only if it has the form of one', () => {
    expect(['', 'node-7', 'node.x.0123456789abcdef', 'node-7.short', '.0123456789abcdef'].map(nodeOfTrace)).toEqual([
      null,
      null,
      'node.x',
      null,
      null,
    ]);
  });

  it('forgets the oldest when there are too many', () => {
    const { log, clock } = createLog({ maxTraces: 3 });
    const ids = Array.from({ length: 5 }, () => {
      clock.now += 1_000;
      return log.record(DENIAL, 1, explanation);
    });
    expect(ids.map((id) => log.find(id) !== null)).toEqual([false, false, true, true, true]);
  });

  it('forgets the oldest when they take too much memory, explained or not', () => {
    const large = (log: TraceLog): string[] =>
      Array.from({ length: 100 }, () => log.record({ ...DENIAL, path: 'x'.repeat(10_000) }, 1, explanation));
    const kept = (log: TraceLog): number => large(log).filter((id) => log.find(id) !== null).length;
    expect(kept(createLog({ maxBytes: 100_000, workPerSecond: 1_000 }).log)).toBe(4);
    expect(kept(createLog({ maxBytes: 100_000, workPerSecond: 0 }).log)).toBe(1);
  });

  it('does only so much explaining in a second, and keeps the other refusals apart', () => {
    const { log, clock } = createLog({ workPerSecond: 8, maxTraces: 3 });
    let explained = 0;
    const explain = (): Explanation => {
      explained += 1;
      return explanation();
    };
    const first = log.record(DENIAL, 1, explain);
    const ids = Array.from({ length: 100 }, () => log.record(DENIAL, 1, explain));
    expect(explained).toBe(2);
    expect(log.find(first)?.explanation).not.toBeNull();
    expect(log.find(ids.at(-1)!)).toMatchObject({ path: '/a', explanation: null });
    expect(log.find(log.record({ ...DENIAL, principal: 'bob' }, 1, explain))?.explanation).not.toBeNull();
    clock.now += 1_000;
    log.record(DENIAL, 1, explain);
    expect(explained).toBe(4);
  });

  it('does not keep an explanation that is too large, but the refusal', () => {
    const { log } = createLog({ maxTraceBytes: 10_000 });
    const id = log.record(DENIAL, 1, () => explanation('x'.repeat(10_000)));
    expect(log.find(id)).toMatchObject({ path: '/a', explanation: null });
  });
});
