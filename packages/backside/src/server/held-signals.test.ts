import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import { HeldSignals } from './held-signals.js';

/** Stands for the process, which must not end during the test. */
class TestProcess extends EventEmitter {
  readonly exits: number[] = [];

  exit(code: number): never {
    this.exits.push(code);
    return undefined as never;
  }

  receive(...signals: string[]): void {
    for (const signal of signals) expect(this.emit(signal, signal), `${signal} is heard`).toBe(true);
  }
}

describe('a signal that comes before the server serves', () => {
  let events: TestProcess;
  let signals: HeldSignals;
  beforeEach(() => {
    events = new TestProcess();
    signals = new HeldSignals(events as unknown as NodeJS.Process);
    signals.hold();
  });

  test.each(['SIGTERM', 'SIGINT'])('%s ends at once with 0 while nothing is open', (signal) => {
    events.receive('SIGHUP', signal);
    expect(events.exits).toEqual([0]);
  });

  test.each(['SIGTERM', 'SIGINT'])('%s is told to who opens, and a second one ends at once with 1', (signal) => {
    const ending = signals.startOpening();
    events.receive(signal);
    expect([ending.aborted, events.exits]).toEqual([true, []]);
    events.receive('SIGINT');
    expect(events.exits).toEqual([1]);
  });

  test('is obeyed once the server serves, once of each kind and in order', () => {
    const obeyed: string[] = [];
    const ending = signals.startOpening();
    events.receive('SIGUSR2', 'SIGHUP', 'SIGUSR2');
    for (const signal of ['SIGHUP', 'SIGUSR2']) events.on(signal, () => obeyed.push(signal));
    signals.release();
    expect([obeyed, ending.aborted, events.exits]).toEqual([['SIGUSR2', 'SIGHUP'], false, []]);
    events.receive('SIGHUP');
    expect(obeyed).toEqual(['SIGUSR2', 'SIGHUP', 'SIGHUP']);
  });
});
