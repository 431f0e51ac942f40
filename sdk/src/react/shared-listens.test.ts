import { expect, it } from 'vitest';
import { SharedListens, type StartListen } from './shared-listens.js';

/** A source whose listens are counted, and which tells on demand. */
function source(): { start: StartListen<number>; tell: (state: number) => void; log: string[] } {
  const log: string[] = [];
  let tell: (state: number) => void = () => undefined;
  return {
    log,
    tell: (state) => tell(state),
    start: (listener) => {
      log.push('start');
      tell = listener;
      return () => log.push('stop');
    },
  };
}

const endOfTurn = (): Promise<void> => Promise.resolve();

it('listens once for all, from the first hook to the last', async () => {
  const { start, tell, log } = source();
  const watch = new SharedListens().watch('a', 0, start);
  expect(log).toEqual([]);
  let changes = 0;
  const one = watch.subscribe(() => changes++);
  const two = watch.subscribe(() => changes++);
  tell(7);
  expect([watch.current(), changes, log]).toEqual([7, 2, ['start']]);
  one();
  await endOfTurn();
  expect(log).toEqual(['start']);
  two();
  await endOfTurn();
  expect(log).toEqual(['start', 'stop']);
  expect(watch.current()).toBe(0);
});

it('goes on for a hook that leaves and comes back in one turn', async () => {
  const { start, tell, log } = source();
  const listens = new SharedListens();
  const watch = listens.watch('a', 0, start);
  watch.subscribe(() => undefined)();
  const end = watch.subscribe(() => undefined);
  await endOfTurn();
  tell(1);
  expect([log, listens.watch('a', 0, start).current()]).toEqual([['start'], 1]);
  end();
  watch.subscribe(() => undefined)();
  await endOfTurn();
  expect(log).toEqual(['start', 'stop']);
});

it('counts a function that is given twice as two, and tells nothing twice', () => {
  const { start, tell } = source();
  const watch = new SharedListens().watch('a', 0, start);
  let changes = 0;
  const onChange = (): void => void changes++;
  const end = watch.subscribe(onChange);
  watch.subscribe(onChange);
  end();
  tell(1);
  tell(1);
  expect(changes).toBe(1);
});

it('begins again after a listen that could not begin', () => {
  let attempts = 0;
  const watch = new SharedListens().watch('a', 0, () => {
    attempts++;
    throw new Error('no such path');
  });
  expect(() => watch.subscribe(() => undefined)).toThrow('no such path');
  expect(() => watch.subscribe(() => undefined)).toThrow('no such path');
  expect(attempts).toBe(2);
});
