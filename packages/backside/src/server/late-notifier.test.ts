import { createMemoryHub, type Notice, type Notifier } from '@backside/notifier';
import { BacksideError, Commit, SILENT_LOGGER } from '@backside/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import { LateNotifier } from './late-notifier.js';

const commit = new Commit({ revision: 1, time: 0, author: null, origin: 'a', changes: [] });
const hub = createMemoryHub();
const opened: Notifier[] = [];
afterEach(async () => {
  for (const notifier of opened.splice(0)) await notifier.close();
});

function connected(): Notifier {
  const notifier = hub.connect();
  opened.push(notifier);
  return notifier;
}

function late(failures: number): Notifier {
  const open = async (): Promise<Notifier> => {
    if (failures-- > 0) throw new BacksideError('unavailable', 'connection refused');
    return hub.connect();
  };
  const notifier = new LateNotifier({ open, logger: SILENT_LOGGER });
  opened.push(notifier);
  return notifier;
}

test('is down until its broker can be reached, then tells every handler of a gap and works', async () => {
  const notifier = late(1);
  const heard: Notice[] = [];
  await notifier.subscribe('main', (notice) => heard.push(notice));
  const ended = vi.fn();
  await (await notifier.subscribe('main', ended))();
  notifier.publish('main', [commit]);
  expect(notifier.state).toEqual({ up: false, dropped: 1 });
  await vi.waitFor(() => expect(notifier.state).toEqual({ up: true, dropped: 1 }), { timeout: 10_000 });
  expect(heard).toEqual([{ commits: [], head: null }]);

  const other = connected();
  const atOther: Notice[] = [];
  await other.subscribe('main', (notice) => atOther.push(notice));
  other.publish('main', [commit]);
  notifier.publish('main', [commit]);
  await vi.waitFor(() => expect([heard.length, atOther.length]).toEqual([2, 1]));
  expect(ended).not.toHaveBeenCalled();
});

test('ends a subscription that was made before, and takes new ones', async () => {
  const notifier = late(0);
  const heard: Notice[] = [];
  const end = await notifier.subscribe('main', (notice) => heard.push(notice));
  await vi.waitFor(() => expect(notifier.state.up).toBe(true), { timeout: 10_000 });
  await end();
  const later: Notice[] = [];
  await notifier.subscribe('main', (notice) => later.push(notice));
  connected().publish('main', [commit]);
  await vi.waitFor(() => expect(later).toHaveLength(1));
  expect(heard).toEqual([{ commits: [], head: null }]);
});

test('closes while its broker is out of reach', async () => {
  const notifier = late(Number.POSITIVE_INFINITY);
  await notifier.subscribe('main', () => {});
  await notifier.close();
  expect(notifier.state.up).toBe(false);
});
