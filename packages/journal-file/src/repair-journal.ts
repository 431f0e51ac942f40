import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { lockDirectory } from './directory-lock.js';
import type { JournalFinding } from './journal-finding.js';
import { listSegments, readHeader, type SegmentFile, syncDirectory } from './segment-files.js';
import { encodeHeader } from './segment-header.js';
import { readChunk } from './segment-scan.js';

const COPY_BYTES = 1024 * 1024;

/**
 * Takes out of the journal what follows the first finding and returns the files that hold it now. Every step leaves a journal
 * in which the same findings, or an `epoch` one, still stand until the last is done; so an interrupted repair is repeated.
 */
export async function repairJournal(
  directory: string,
  examine: () => Promise<readonly JournalFinding[]>,
): Promise<string[]> {
  const lock = await lockDirectory(directory);
  try {
    const findings = await examine();
    const first = findings.find(({ kind }) => kind !== 'epoch');
    const { kept, dropped } = split(await listSegments(directory), first);
    if (findings.some(({ kind }) => kind !== 'torn-tail')) await renewEpoch(kept);
    const savedAs: string[] = [];
    for (const segment of dropped.reverse()) {
      await rename(segment.path, `${segment.path}.set-aside`);
      savedAs.unshift(`${segment.path}.set-aside`);
    }
    if (first !== undefined && first.offset > 0) savedAs.unshift(await cutTail(first));
    await syncDirectory(directory);
    return savedAs;
  } finally {
    await lock.release();
  }
}

/** The segments that stay, the last of them perhaps shortened, and those that go. */
function split(
  segments: SegmentFile[],
  first: JournalFinding | undefined,
): { kept: SegmentFile[]; dropped: SegmentFile[] } {
  const index = first === undefined ? -1 : segments.findIndex(({ path }) => path === first.file);
  const end = first === undefined || index < 0 ? segments.length : first.offset > 0 ? index + 1 : index;
  return { kept: segments.slice(0, end), dropped: segments.slice(end) };
}

/** Gives the history a new identity: it no longer is the one that others may have seen more of. */
async function renewEpoch(segments: readonly SegmentFile[]): Promise<void> {
  const epoch = randomUUID();
  for (const segment of segments) {
    const header = encodeHeader({ ...(await readHeader(segment)), epoch });
    const file = await open(segment.path, 'r+');
    try {
      await file.write(header, 0, header.length, 0);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/** Moves the bytes of a segment from the finding on into a file beside it; they are safe there before they are cut. */
async function cutTail({ file, offset }: JournalFinding): Promise<string> {
  const target = `${file}.cut-at-${offset}`;
  const from = await open(file, 'r+');
  try {
    const to = await open(target, 'w');
    try {
      await copyBytes(from, to, offset);
      await to.sync();
    } finally {
      await to.close();
    }
    await from.truncate(offset);
    await from.sync();
  } finally {
    await from.close();
  }
  return target;
}

async function copyBytes(from: FileHandle, to: FileHandle, start: number): Promise<void> {
  for (let offset = start; ; ) {
    const chunk = await readChunk(from, offset, COPY_BYTES);
    if (chunk.length === 0) return;
    await to.writeFile(chunk);
    offset += chunk.length;
  }
}
