import { BacksideError, type Logger, SILENT_LOGGER } from '@backside/protocol';
import { describe, expect, it } from 'vitest';
import type { AuditEvent } from './audit.js';
import { createTreeAuditLog } from './audit-tree.js';
import { createMemoryPrivateTree } from './memory-private-tree.js';
import type { PrivateTree } from './private-tree.js';

const logger = SILENT_LOGGER;

function event(time: number, fields: Partial<AuditEvent> = {}): AuditEvent {
  return { type: 'sign-in', outcome: 'failure', uid: `user${time}`, address: '192.0.2.1', time, ...fields };
}

/** Counts the updates, and makes them wait or fail as the test likes. */
function watched(tree: PrivateTree, before: () => Promise<void>): PrivateTree & { updates: number } {
  return {
    updates: 0,
    read: (path) => tree.read(path),
    keys: (path, range) => tree.keys(path, range),
    watch: (path, changed) => tree.watch(path, changed),
    refresh: () => tree.refresh(),
    async update(changes, expected): Promise<void> {
      this.updates += 1;
      await before();
      await tree.update(changes, expected);
    },
  };
}

describe('auditing to the private tree', () => {
  it('keeps the events, newest first, for every node', async () => {
    const tree = createMemoryPrivateTree();
    const log = createTreeAuditLog({ tree, logger });
    const second = event(2, { details: { provider: 'password', attempt: 3 }, by: 'admin' });
    log.record(event(1));
    log.record(second);
    await log.settled();
    const other = createTreeAuditLog({ tree, logger });
    expect(other.entries()).toMatchObject([second, event(1)]);
    expect(other.entries(1)).toEqual([{ ...second, count: 1, id: expect.any(String) }]);
    expect(other.entries(0)).toEqual([]);
  });

  it('keeps no more than it has room for: the oldest go', async () => {
    const log = createTreeAuditLog({ tree: createMemoryPrivateTree(), logger, capacity: 5 });
    for (let time = 1; time <= 23; time++) {
      log.record(event(time));
      if (time % 4 === 0) await log.settled();
    }
    await log.settled();
    expect(log.entries().map(({ time }) => time)).toEqual([23, 22, 21, 20, 19]);
  });

  it('keeps no more, even when more come at once', async () => {
    const log = createTreeAuditLog({ tree: createMemoryPrivateTree(), logger, capacity: 5 });
    for (let time = 1; time <= 40; time++) log.record(event(time));
    await log.settled();
    expect(log.entries().map(({ time }) => time)).toEqual([40, 39, 38, 37, 36]);
  });

  it('makes one write of what happens during another, and one record of what repeats', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tree = watched(createMemoryPrivateTree(), () => held);
    const log = createTreeAuditLog({ tree, logger });
    log.record(event(1));
    await Promise.resolve();
    await Promise.resolve();
    for (let time = 2; time < 1002; time++) log.record(event(time, { uid: 'victim' }));
    log.record(event(1002, { uid: 'victim', outcome: 'success' }));
    release();
    await log.settled();
    expect(tree.updates).toBe(2);
    expect(log.entries().map(({ time, count }) => [time, count])).toEqual([
      [1002, 1],
      [1001, 1000],
      [1, 1],
    ]);
  });

  it('goes on after a write that failed, and says what was lost', async () => {
    const told: unknown[] = [];
    const loud: Logger = {
      ...SILENT_LOGGER,
      error: (fields) => told.push(fields),
      warn: (fields) => told.push(fields),
    };
    let down = true;
    const tree = watched(createMemoryPrivateTree(), async () => {
      if (down) throw new BacksideError('unavailable');
    });
    const log = createTreeAuditLog({ tree, logger: loud });
    for (let time = 0; time < 600; time++) log.record(event(time));
    await log.settled();
    expect(told).toMatchObject([{ lost: 100 }, { lost: 500 }]);
    down = false;
    log.record(event(700));
    await log.settled();
    expect(log.entries()).toMatchObject([{ time: 700 }]);
  });

  it('sorts by time across powers of ten and of thirty-six', async () => {
    const log = createTreeAuditLog({ tree: createMemoryPrivateTree(), logger });
    const times = [9, 10, 35, 36, 999, 1000, 36 ** 7, 1_800_000_000_000, 36 ** 8];
    for (const time of times) log.record(event(time));
    await log.settled();
    expect(log.entries().map(({ time }) => time)).toEqual(times.toReversed());
  });
});
