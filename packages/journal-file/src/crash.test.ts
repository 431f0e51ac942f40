import { copyFile, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Journal } from '@backside/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileJournal } from './create-file-journal.js';
import { commitAt, commitsAt, contents, segmentNames, TestDirectory } from './test-directory.js';

/** For tests that open a journal hundreds of times. */
const SLOW = { timeout: 60_000 };

describe('file journal after a crash', () => {
  let directory: TestDirectory;
  beforeEach(async () => {
    directory = await TestDirectory.create();
  });
  afterEach(async () => {
    await directory.remove();
  });

  it('has an append entirely or not at all, wherever its bytes were cut off or remained zero', SLOW, async () => {
    const journal = await directory.open();
    await journal.append(0, commitsAt(1, 2)).durable;
    const start = lengthOfData(await bytesOf(directory.journalPath));
    await journal.append(2, commitsAt(3, 2)).durable;
    const end = lengthOfData(await bytesOf(directory.journalPath));
    const whole = (await bytesOf(directory.journalPath)).subarray(0, end);
    expect(end - start).toBeGreaterThan(150);
    for (let cut = start; cut <= end; cut++) {
      const expected = cut === end ? ['1:1', '2:2', '3:3', '4:4'] : ['1:1', '2:2'];
      const reopen = cut % 8 === 0 || cut === end ? reopened : opened;
      expect(await reopen(directory, whole.subarray(0, cut))).toEqual(expected);
      if (cut % 4 !== 0 && cut < end) continue;
      const zeroed = Buffer.alloc(end + 500);
      whole.copy(zeroed, 0, 0, cut);
      // A commit ends in `}`, so that zeros in its place always differ.
      expect(await reopen(directory, zeroed)).toEqual(expected);
    }
  });

  it(
    'tells damage of what was acknowledged from the end of an unfinished write, for every flipped byte',
    SLOW,
    async () => {
      const journal = await directory.open();
      const offsets = [];
      for (let base = 0; base < 3; base++) {
        offsets.push(lengthOfData(await bytesOf(directory.journalPath)));
        await journal.append(base, [commitAt(base + 1)]).durable;
      }
      const end = lengthOfData(await bytesOf(directory.journalPath));
      const whole = (await bytesOf(directory.journalPath)).subarray(0, end + 40);
      for (let at = 0; at < whole.length; at++) {
        const damaged = Buffer.from(whole);
        damaged[at] = damaged[at]! ^ 0x10;
        const outcome = await opened(directory, damaged).catch((error: Error) => error.message);
        if (at < offsets[2]!) expect(outcome).toMatch(/0000000000000001\.journal at byte \d+: .*backside doctor/);
        else expect(outcome).toEqual(at < end ? ['1:1', '2:2'] : ['1:1', '2:2', '3:3']);
      }
    },
  );

  it('notices damage of the last append too if the journal had been closed', async () => {
    const journal = await directory.open();
    await journal.append(0, [commitAt(1)]).durable;
    const start = lengthOfData(await bytesOf(directory.journalPath));
    await journal.append(1, [commitAt(2)]).durable;
    await journal.close();
    const bytes = await bytesOf(directory.journalPath);
    bytes[start + 60] = bytes[start + 60]! ^ 1;
    await expect(reopened(directory, bytes)).rejects.toThrow(`at byte ${start}`);
  });

  it('takes the parts of one write that reached the disk in another order for what they are', async () => {
    const journal = await directory.open();
    await journal.append(0, [commitAt(1)]).durable;
    const start = lengthOfData(await bytesOf(directory.journalPath));
    const together = [journal.append(1, [commitAt(2)]), journal.append(2, [commitAt(3)])];
    await Promise.all(together.map(({ durable }) => durable));
    const lostStart = await bytesOf(directory.journalPath);
    lostStart.fill(0, start, start + 50);
    expect(await reopened(directory, lostStart)).toEqual(['1:1']);
    await journal.append(3, [commitAt(4)]).durable;
    const lostLater = await bytesOf(directory.journalPath);
    lostLater.fill(0, start, start + 50);
    await expect(reopened(directory, lostLater)).rejects.toMatchObject({ code: 'internal' });
  });

  it('finds the end of a large segment, also behind a large write of which the beginning is lost', async () => {
    const journal = await directory.open();
    for (let base = 0; base < 3000; base += 100)
      await journal.append(base, commitsAt(base + 1, 100, 'x'.repeat(1000))).durable;
    const start = lengthOfData(await bytesOf(directory.journalPath));
    const together = Array.from({ length: 40 }, (_, index) =>
      journal.append(3000 + index, [commitAt(3001 + index, 'y'.repeat(100_000))]),
    );
    await Promise.all(together.map(({ durable }) => durable));
    const bytes = await bytesOf(directory.journalPath);
    expect((await reopened(directory, bytes)).length).toBe(3040);
    const lost = Buffer.from(bytes).fill(0, start, start + 60);
    expect((await reopened(directory, lost)).length).toBe(3000);
  });

  it('says that it cut something off, and goes on behind the cut', async () => {
    const journal = await directory.open();
    await journal.append(0, commitsAt(1, 3)).durable;
    const copy = await directory.crashCopy();
    const file = join(copy, (await segmentNames(copy))[0]!);
    await truncate(file, lengthOfData(await readFile(file)) - 3);
    const again = await directory.open({ directory: copy });
    expect(directory.warnings).toEqual(['cut off an unfinished write at the end of the journal']);
    expect(await again.head()).toBe(0);
    await again.append(0, [commitAt(1, 'new')]).durable;
    await again.close();
    expect(await contents(await directory.open({ directory: copy }))).toEqual(['1:new']);
    expect(directory.warnings.length).toBe(1);
  });

  it('goes on after a crash while a segment was begun', async () => {
    const journal = await directory.open({ segmentBytes: 500 });
    for (let base = 0; base < 10; base++) await journal.append(base, [commitAt(base + 1, 'x'.repeat(100))]).durable;
    const copy = await directory.crashCopy();
    await writeFile(join(copy, '0000000000000011.journal.new'), 'half a head');
    const again = await directory.open({ directory: copy, segmentBytes: 500 });
    expect((await contents(again)).length).toBe(10);
    await again.append(10, commitsAt(11, 20)).durable;
    expect((await contents(again)).length).toBe(30);
  });

  it('refuses damage in an older segment when it comes to read it, naming the place', async () => {
    const journal = await directory.open({ segmentBytes: 500 });
    for (let base = 0; base < 10; base++) await journal.append(base, [commitAt(base + 1, 'x'.repeat(100))]).durable;
    const copy = await directory.crashCopy();
    const file = join(copy, (await segmentNames(copy))[1]!);
    const bytes = await readFile(file);
    bytes[250] = bytes[250]! ^ 1;
    await writeFile(file, bytes);
    const again = await directory.open({ directory: copy, segmentBytes: 500 });
    await expect(contents(again)).rejects.toThrow(`${file} at byte 128: the checksum of a batch is wrong`);
    expect((await contents(again, 8)).length).toBe(2);
  });

  it('refuses what a newer release wrote, and another history in the same directory', async () => {
    const journal = await directory.open({ segmentBytes: 100 });
    for (let base = 0; base < 4; base++) await journal.append(base, [commitAt(base + 1)]).durable;
    const newer = await directory.crashCopy();
    const file = await open(join(newer, (await segmentNames(newer))[0]!), 'r+');
    await file.write(Buffer.from([2]), 0, 1, 8);
    await file.close();
    await expect(directory.open({ directory: newer })).rejects.toThrow('format version 2');
    const mixed = await directory.crashCopy();
    const other = await createFileJournal({
      directory: join(directory.path, 'other'),
      now: () => 0,
      segmentBytes: 100,
    });
    for (let base = 0; base < 4; base++) await other.append(base, [commitAt(base + 1)]).durable;
    await other.close();
    const last = (await segmentNames(mixed)).at(-1)!;
    await copyFile(join(directory.path, 'other', last), join(mixed, last));
    await expect(directory.open({ directory: mixed })).rejects.toThrow('history');
  });
});

async function bytesOf(directory: string): Promise<Buffer> {
  return readFile(join(directory, (await segmentNames(directory)).at(-1)!));
}

/** Where the zeros written ahead begin. No batch ends in a zero: payloads are JSON. */
function lengthOfData(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 128 && bytes[end - 1] === 0) end--;
  return end;
}

/** What a journal whose only segment has these bytes opens with. */
async function opened(directory: TestDirectory, bytes: Buffer): Promise<string[]> {
  return withJournal(directory, bytes, (journal) => contents(journal));
}

/** The same, and makes sure that the journal goes on: with one more append, which the next opening finds. */
async function reopened(directory: TestDirectory, bytes: Buffer): Promise<string[]> {
  return withJournal(directory, bytes, async (journal, copy) => {
    const found = await contents(journal);
    const next = found.length + 1;
    await journal.append(next - 1, [commitAt(next, 'next')]).durable;
    await journal.close();
    const again = await createFileJournal({ directory: copy, now: () => 0 });
    expect(await contents(again)).toEqual([...found, `${next}:next`]);
    await again.close();
    return found;
  });
}

async function withJournal<T>(
  directory: TestDirectory,
  bytes: Buffer,
  use: (journal: Journal, copy: string) => Promise<T>,
): Promise<T> {
  const copy = await directory.crashCopy();
  await writeFile(join(copy, '0000000000000001.journal'), bytes);
  const journal = await createFileJournal({ directory: copy, now: () => 0 });
  const result = await use(journal, copy);
  await journal.close();
  await rm(copy, { recursive: true });
  return result;
}
