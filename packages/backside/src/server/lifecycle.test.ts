import { EventEmitter } from 'node:events';
import { SILENT_LOGGER } from '@backside/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { runUntilStopped } from './lifecycle.js';

/** Stands for the process, which must not end during the test. */
class TestProcess extends EventEmitter {
  readonly exits: number[] = [];

  exit(code: number): never {
    this.exits.push(code);
    return undefined as never;
  }
}

const FOR_EVER = new Promise<never>(() => {});

describe('a running server ends', () => {
  let events: TestProcess;
  let stops: number;
  beforeEach(() => {
    events = new TestProcess();
    stops = 0;
  });

  function run(
    overrides: { stop?: () => Promise<void>; failed?: Promise<Error>; drainTimeout?: number } = {},
  ): Promise<number> {
    const stop = async (): Promise<void> => {
      stops += 1;
      await overrides.stop?.();
    };
    const failed = overrides.failed ?? FOR_EVER;
    const steering = { restart: async () => {}, reload: async () => [] };
    return runUntilStopped({
      server: { ports: { http: 1, stomp: 2 }, failed, stop, ...steering },
      logger: SILENT_LOGGER,
      drainTimeout: overrides.drainTimeout ?? 60_000,
      processEvents: events as unknown as NodeJS.Process,
    });
  }

  test.each(['SIGTERM', 'SIGINT'])('with 0 after %s, once it has stopped', async (signal) => {
    const ended = run();
    events.emit(signal);
    expect([await ended, stops, events.exits]).toEqual([0, 1, []]);
  });

  test('with 1 if it does not stop in time', async () => {
    const ended = run({ stop: () => FOR_EVER, drainTimeout: 1 });
    events.emit('SIGTERM');
    expect(await ended).toBe(1);
  });

  test('with 1 if it cannot be stopped in order', async () => {
    const ended = run({ stop: () => Promise.reject(new Error('the disk is gone')) });
    events.emit('SIGTERM');
    expect(await ended).toBe(1);
  });

  test('at once at a second signal, of whichever kind', async () => {
    void run({ stop: () => FOR_EVER });
    events.emit('SIGTERM');
    await new Promise(setImmediate);
    expect(events.exits).toEqual([]);
    events.emit('SIGINT');
    expect(events.exits).toEqual([1]);
  });

  test.each(['uncaughtException', 'unhandledRejection'])(
    'with 1 after an %s, but not before it has stopped',
    async (event) => {
      const ended = run();
      events.emit(event, new Error('unexpected'));
      expect([await ended, stops]).toEqual([1, 1]);
    },
  );

  test('with 1 when it can no longer serve', async () => {
    expect([await run({ failed: Promise.resolve(new Error('no workers')) }), stops]).toEqual([1, 1]);
  });
});
