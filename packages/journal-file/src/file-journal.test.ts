import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { journalConformance } from '@backside/store/conformance';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitAt, commitsAt, contents, segmentNames, TestDirectory } from './test-directory.js';

journalConformance('file journal', async () => {
  const directory = await TestDirectory.create();
  const options = { segmentBytes: 16 * 1024 };
  const journal = await directory.open(options);
  const reopen = async () => {
    await journal.close();
    return directory.open(options);
  };
  const breakMedium = async (): Promise<void> => sendWritesToFullDevice(directory.journalPath);
  return {
    journal,
    reopen,
    dispose: () => directory.remove(),
    ...(existsSync('/dev/full') && existsSync('/proc/self/fd') && { breakMedium }),
  };
});

describe('file journal', () => {
  let directory: TestDirectory;
  beforeEach(async () => {
    directory = await TestDirectory.create();
  });
  afterEach(async () => {
    await directory.remove();
  });

  it('tells of a conflict only once what came first can be read', async () => {
    const journal = await directory.open();
    const first = journal.append(0, [commitAt(1)]);
    await first.accepted;
    expect(await journal.head()).toBe(0);
    expect(await journal.append(0, [commitAt(1, 'late')]).accepted).toEqual({ status: 'revision-conflict', head: 1 });
    expect(await contents(journal)).toEqual(['1:1']);
    expect((await first.durable).status).toBe('appended');
  });

  it('writes so that a write returns only once it is on disk', async (context) => {
    if (process.platform !== 'linux') context.skip('elsewhere a second call waits for the disk');
    await directory.open();
    const descriptor = descriptorsInto(directory.journalPath)[0]!;
    const flags = /flags:\s+([0-7]+)/.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1] ?? '0';
    expect(Number.parseInt(flags, 8) & constants.O_DSYNC).toBe(constants.O_DSYNC);
  });

  it('begins a new segment, named by its first revision, when one is full', async () => {
    const journal = await directory.open({ segmentBytes: 2000 });
    for (let base = 0; base < 40; base++) await journal.append(base, [commitAt(base + 1, 'x'.repeat(200))]).durable;
    const names = await segmentNames(directory.journalPath);
    expect(names.length).toBeGreaterThan(3);
    expect(names[0]).toBe('0000000000000001.journal');
    expect(names.every((name) => /^\d{16}\.journal$/.test(name))).toBe(true);
    const sizes = await Promise.all(
      names.slice(0, -1).map(async (name) => (await stat(join(directory.journalPath, name))).size),
    );
    for (const size of sizes) expect(size).toBeLessThan(2600);
    await journal.close();
    const again = await directory.open({ segmentBytes: 2000 });
    expect(await again.head()).toBe(40);
    for (const after of [0, 1, 17, 39]) expect((await contents(again, after)).length).toBe(40 - after);
  });

  it('finds any revision of a large segment without reading what is before it', async () => {
    const journal = await directory.open();
    for (let base = 0; base < 20_000; base += 50)
      await journal.append(base, commitsAt(base + 1, 50, 'y'.repeat(100))).durable;
    for (const after of [0, 1, 49, 50, 51, 9_999, 12_345, 19_999]) {
      const found = await contents(journal, after);
      expect(found.length).toBe(20_000 - after);
      expect(found[0]?.startsWith(`${after + 1}:`)).toBe(true);
    }
  });

  it('takes its epoch when it begins and keeps it', async () => {
    const journal = await directory.open({ epoch: 'chosen-1' });
    await journal.append(0, [commitAt(1)]).durable;
    await journal.close();
    expect((await directory.open({ epoch: 'chosen-2' })).epoch).toBe('chosen-1');
  });

  it('refuses an epoch that no resume point could name', async () => {
    await expect(directory.open({ epoch: 'a b' })).rejects.toMatchObject({ code: 'internal' });
    expect(await (await directory.open()).head()).toBe(0);
  });

  it('trims by age and by size, and never what is still needed', async () => {
    let now = 0;
    const open = (retention: object) => directory.open({ segmentBytes: 1000, now: () => now, retention });
    const journal = await open({ maxAgeMs: 10_000 });
    for (let base = 0; base < 20; base++) {
      now += 1000;
      await journal.append(base, [commitAt(base + 1, 'z'.repeat(900))]).durable;
    }
    await journal.trim(20);
    expect(await journal.first()).toBe(10);
    await journal.close();
    const small = await open({ maxBytes: 6000 });
    await small.trim(12);
    expect(await small.first()).toBe(13);
    await small.trim(20);
    expect(await small.first()).toBe(16);
    expect((await contents(small, 15)).length).toBe(5);
  });

  it('says not-found to a reader whose commits are trimmed while it reads', async () => {
    const journal = await directory.open({ segmentBytes: 1000 });
    for (let base = 0; base < 20; base++) await journal.append(base, [commitAt(base + 1, 'z'.repeat(900))]).durable;
    const reader = journal.commits(0)[Symbol.asyncIterator]();
    expect((await reader.next()).value[0].revision).toBe(1);
    await journal.trim(19);
    await expect(async () => {
      while (!(await reader.next()).done);
    }).rejects.toMatchObject({ code: 'not-found' });
  });

  it('reports the reason of a failed write as the cause', async (context) => {
    if (!existsSync('/dev/full') || !existsSync('/proc/self/fd')) context.skip('no device that is always full');
    const journal = await directory.open();
    sendWritesToFullDevice(directory.journalPath);
    const append = journal.append(0, [commitAt(1)]);
    expect((await append.accepted).status).toBe('appended');
    await expect(append.durable).rejects.toMatchObject({ code: 'unavailable', cause: { code: 'ENOSPC' } });
    await expect(journal.append(1, [commitAt(2)]).durable).rejects.toMatchObject({ code: 'unavailable' });
    expect(await journal.head()).toBe(0);
  });
});

/** Makes the descriptor through which the journal writes lead to a device on which every write fails with ENOSPC. */
function sendWritesToFullDevice(directory: string): void {
  const descriptor = descriptorsInto(directory)[0]!;
  closeSync(descriptor);
  if (openSync('/dev/full', 'w') !== descriptor) throw new Error('another descriptor was free');
}

/** The open files of this process in a directory. */
function descriptorsInto(directory: string): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => leadsInto(descriptor, directory));
}

function leadsInto(descriptor: number, directory: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(`${directory}/`);
  } catch {
    return false; // the descriptor that listed the directory is closed by now
  }
}
