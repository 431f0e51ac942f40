import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Journal } from '@backside/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFileJournal } from './read-file-journal.js';
import { commitAt, contents, segmentNames, TestDirectory } from './test-directory.js';
import { verifyFileJournal } from './verify-file-journal.js';

/** A segment holds two of the commits that `fill` writes. */
const SEGMENT_BYTES = 700;

describe('a file journal seen from outside', () => {
  let directory: TestDirectory;
  let journal: Journal;
  beforeEach(async () => {
    directory = await TestDirectory.create();
    journal = await directory.open({ segmentBytes: SEGMENT_BYTES });
    for (let base = 0; base < 10; base++) await journal.append(base, [commitAt(base + 1, 'x'.repeat(250))]).durable;
  });
  afterEach(async () => {
    await directory.remove();
  });

  it('can be read while its owner goes on', async () => {
    const reader = await readFileJournal(directory.journalPath);
    expect(reader.epoch).toBe(journal.epoch);
    expect([await reader.first(), await reader.head()]).toEqual([1, 10]);
    await journal.append(10, [commitAt(11), commitAt(12)]).durable;
    expect(await reader.head()).toBe(12);
    expect(await contents(reader, 10)).toEqual(['11:11', '12:12']);
    await journal.trim(6);
    expect(await reader.first()).toBeGreaterThan(1);
    await expect(contents(reader, 0)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is read without the unfinished write at its end', async () => {
    const { copy, files } = await copied();
    await change(files.at(-1)!, (bytes) => bytes.subarray(0, endOf(bytes) - 5));
    const reader = await readFileJournal(copy);
    expect(await reader.head()).toBe(9);
    expect((await contents(reader)).length).toBe(9);
  });

  it('is sound while it is open and after it was closed', async () => {
    const open = await verifyFileJournal(directory.journalPath);
    expect(open).toMatchObject({ epoch: journal.epoch, first: 1, head: 10, findings: [], savedAs: [] });
    expect(open.segments.map(({ firstRevision, lastRevision }) => [firstRevision, lastRevision])).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
      [9, 10],
    ]);
    await journal.close();
    expect(await verifyFileJournal(directory.journalPath, { repair: true })).toMatchObject({
      epoch: journal.epoch,
      head: 10,
      findings: [],
    });
  });

  it('is not repaired while a process has it open', async () => {
    const [file] = await filesOf(directory.journalPath);
    await change(file!, (bytes) => bytes.fill(1, 200, 210));
    await expect(verifyFileJournal(directory.journalPath, { repair: true })).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('is not found where there is none', async () => {
    await expect(verifyFileJournal(directory.path)).rejects.toMatchObject({ code: 'not-found' });
    await expect(readFileJournal(directory.path)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('loses only the unfinished write to a repair, and keeps its history', async () => {
    const { copy, files } = await copied();
    const last = files.at(-1)!;
    const whole = await readFile(last);
    await change(last, (bytes) => bytes.subarray(0, endOf(bytes) - 5));
    const report = await verifyFileJournal(copy, { repair: true });
    expect(report).toMatchObject({ epoch: journal.epoch, head: 9, findings: [{ kind: 'torn-tail', file: last }] });
    const { offset } = report.findings[0]!;
    expect(report.savedAs).toEqual([`${last}.cut-at-${offset}`]);
    expect(await readFile(report.savedAs[0]!)).toEqual(whole.subarray(offset, endOf(whole) - 5));
    expect(await verifyFileJournal(copy)).toMatchObject({ head: 9, findings: [] });
  });

  it('is cut at damage, with everything after it set aside and a new epoch', async () => {
    const { copy, files } = await copied();
    await change(files[2]!, (bytes) => bytes.fill(1, 300, 310));
    expect(await verifyFileJournal(copy)).toMatchObject({
      head: 4,
      findings: [{ kind: 'damage', file: files[2], offset: 128 }, { kind: 'gap' }],
    });
    const total = await bytesIn(copy);
    const report = await verifyFileJournal(copy, { repair: true });
    expect(report).toMatchObject({ first: 1, head: 4 });
    expect(report.epoch).not.toBe(journal.epoch);
    expect(report.savedAs).toEqual([`${files[2]}.cut-at-128`, `${files[3]}.set-aside`, `${files[4]}.set-aside`]);
    expect(await bytesIn(copy)).toBe(total);
    const repaired = await directory.open({ directory: copy });
    expect(repaired.epoch).toBe(report.epoch);
    expect((await contents(repaired)).length).toBe(4);
    expect((await repaired.append(4, [commitAt(5)]).durable).head).toBe(5);
  });

  it('is repaired where a segment is missing, unreadable or from another history', async () => {
    const missing = await copied();
    await rm(missing.files[1]!);
    expect(await verifyFileJournal(missing.copy, { repair: true })).toMatchObject({
      head: 2,
      findings: [{ kind: 'gap', file: missing.files[2] }],
    });
    expect(await verifyFileJournal(missing.copy)).toMatchObject({ head: 2, findings: [] });

    const unreadable = await copied();
    await change(unreadable.files[1]!, (bytes) => bytes.fill(0, 0, 4));
    const report = await verifyFileJournal(unreadable.copy, { repair: true });
    expect(report).toMatchObject({
      head: 2,
      findings: [
        { kind: 'header', file: unreadable.files[1], problem: 'the file is not a journal segment' },
        { kind: 'gap' },
      ],
    });

    const mixed = await copied();
    const other = await directory.open({ directory: join(directory.path, 'other'), segmentBytes: SEGMENT_BYTES });
    for (let base = 0; base < 4; base++) await other.append(base, [commitAt(base + 1, 'y'.repeat(250))]).durable;
    await rename((await filesOf(join(directory.path, 'other')))[0]!, mixed.files[0]!);
    expect(await verifyFileJournal(mixed.copy)).toMatchObject({ head: 10, epoch: other.epoch });
    const repaired = await verifyFileJournal(mixed.copy, { repair: true });
    expect(repaired.findings.every(({ kind }) => kind === 'epoch')).toBe(true);
    expect(repaired).toMatchObject({ head: 10, savedAs: [] });
    expect((await contents(await directory.open({ directory: mixed.copy }))).length).toBe(10);
  });

  it('begins anew, with everything set aside, when nothing of it can be read', async () => {
    const { copy, files } = await copied();
    for (const file of files) await change(file, (bytes) => bytes.fill(0, 0, 4));
    expect(await verifyFileJournal(copy, { repair: true })).toMatchObject({ epoch: null, head: 0, segments: [] });
    expect((await readdir(copy)).filter((name) => name.endsWith('.set-aside')).length).toBe(files.length);
    expect(await (await directory.open({ directory: copy })).head()).toBe(0);
  });

  async function copied(): Promise<{ copy: string; files: string[] }> {
    const copy = await directory.crashCopy();
    return { copy, files: await filesOf(copy) };
  }
});

async function filesOf(directory: string): Promise<string[]> {
  return (await segmentNames(directory)).map((name) => join(directory, name));
}

async function change(file: string, how: (bytes: Buffer) => Buffer): Promise<void> {
  await writeFile(file, how(await readFile(file)));
}

/** Where the zeros written ahead begin. */
function endOf(bytes: Buffer): number {
  let end = bytes.length;
  while (bytes[end - 1] === 0) end--;
  return end;
}

async function bytesIn(directory: string): Promise<number> {
  let total = 0;
  for (const name of await readdir(directory))
    if (name.includes('.journal')) total += (await stat(join(directory, name))).size;
  return total;
}
