import { createMemoryPrivateTree, type PrivateTree } from '@backside/auth';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ScheduleEvent, Trigger } from './define.js';
import { FunctionStore } from './function-store.js';
import { PLACES } from './places.js';
import { Registry } from './registry.js';
import { ScheduleTimes } from './schedule-times.js';
import { Scheduler } from './scheduler.js';
import type { StoredEvent } from './stored-event.js';
import { FunctionsFixture } from './testing/functions-fixture.js';

const HOLDER = 'me';
const HOUR_MS = 3_600_000;

describe('schedules of functions', () => {
  let fixture: FunctionsFixture;
  let tree: PrivateTree;
  let now: number;
  beforeEach(async () => {
    fixture = await FunctionsFixture.create();
    tree = createMemoryPrivateTree();
    await tree.update([{ path: PLACES.lease, value: { holder: HOLDER, beat: 1 } }]);
    now = Date.parse('2026-03-28T00:00:30Z');
  });
  afterEach(() => fixture.close());

  /** As a new process begins, without the schedule for null. */
  async function newScheduler(cron: string | null, timezone = 'UTC'): Promise<Scheduler> {
    const store = new FunctionStore(tree, HOLDER);
    const registry = new Registry({ store, pointFor: () => ({ epoch: 'e', revision: 0 }) });
    const triggers: Trigger[] = cron === null ? [] : [{ kind: 'schedule', cron, timezone }];
    registry.declare(
      triggers.map((trigger) => ({ name: 'f:timed', file: 'f', trigger, options: {} })),
      new Set(),
    );
    await registry.settle();
    const scheduler = new Scheduler({
      store,
      registry,
      database: fixture.database,
      now: () => now,
      recorded: () => {},
    });
    await scheduler.step();
    return scheduler;
  }

  function fired(): [time: string, missed: number][] {
    return tree.keys(PLACES.pendingOf('f:timed')).map((key) => {
      const { event } = JSON.parse(String(tree.read(PLACES.entry('f:timed', key)))) as StoredEvent;
      const { time, missed } = event as ScheduleEvent;
      return [new Date(time).toISOString(), missed];
    });
  }

  async function pass(scheduler: Scheduler, ms: number, stepMs: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      now += stepMs;
      await scheduler.step();
    }
  }

  it('fire at each of their times, with seconds', async () => {
    await pass(await newScheduler('*/20 * * * * *'), 65_000, 1_000);
    const times = ['00:00:40', '00:01:00', '00:01:20'].map((time) => [`2026-03-28T${time}.000Z`, 0]);
    expect(fired()).toEqual(times);
  });

  it('fire once for all times that nobody was there for, across a restart', async () => {
    await newScheduler('*/5 * * * *');
    now += 21 * 60_000;
    await newScheduler('*/5 * * * *');
    await newScheduler('*/5 * * * *');
    expect(fired()).toEqual([['2026-03-28T00:20:00.000Z', 3]]);
  });

  it('begin anew when they are declared as others, or were gone for a while', async () => {
    await newScheduler('0 0 * * *');
    now += 50 * HOUR_MS;
    const other = await newScheduler('*/5 * * * *');
    expect(fired()).toEqual([]);
    await pass(other, 300_000, 10_000);
    expect(fired()).toEqual([['2026-03-30T02:05:00.000Z', 0]]);
    await newScheduler(null);
    now += HOUR_MS;
    await newScheduler('*/5 * * * *');
    expect(fired()).toHaveLength(1);
  });

  it('fire no time again when the clock is set back, and go on from there', async () => {
    const scheduler = await newScheduler('* * * * *');
    await pass(scheduler, 120_000, 10_000);
    now -= 100_000;
    await pass(scheduler, 180_000, 10_000);
    const minutes = fired().map(([time]) => time.slice(14, 16));
    expect(minutes).toEqual(['01', '02', '03']);
  });

  it('begin anew if the clock was far ahead once', async () => {
    await newScheduler('* * * * *');
    now += 1_000 * HOUR_MS;
    await newScheduler('* * * * *');
    now -= 1_000 * HOUR_MS;
    await pass(await newScheduler('* * * * *'), 60_000, 10_000);
    expect(fired().map(([time]) => time)).toContain('2026-03-28T00:01:00.000Z');
  });

  it('mean the time of their zone, when its clocks change as well', async () => {
    const scheduler = await newScheduler('0 4 * * *', 'Europe/Berlin');
    await pass(scheduler, 48 * HOUR_MS, 1_800_000);
    expect(fired().map(([time]) => time)).toEqual(['2026-03-28T03:00:00.000Z', '2026-03-29T02:00:00.000Z']);
  });

  it('are counted up to a bound when nobody looked for long', () => {
    const times = new ScheduleTimes('* * * * * *', 'UTC');
    const later = now + 10_000_000;
    expect(times.due(now, later)).toEqual({ time: later, missed: 1_000 });
  });

  it.each(['* * *', '61 * * * *', 'often'])('are refused if they mean nothing: %s', (cron) => {
    expect(() => new ScheduleTimes(cron)).toThrow(expect.objectContaining({ code: 'invalid-data' }));
  });

  it('are refused in a zone that nobody knows', () => {
    expect(() => new ScheduleTimes('* * * * *', 'Middle/Earth')).toThrow(
      expect.objectContaining({ code: 'invalid-data' }),
    );
  });
});
