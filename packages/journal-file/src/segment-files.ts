import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { BacksideError } from '@backside/protocol';
import { decodeHeader, HEADER_BYTES, type SegmentHeader } from './segment-header.js';

/** Digits of a revision in a file name: enough for every safe integer. */
const REVISION_DIGITS = 16;
const SEGMENT_NAME = /^(\d{16})\.journal$/;

/** Ending of a segment that is not complete yet; left behind only by a crash. */
export const UNFINISHED_SUFFIX = '.new';

/** One segment of a directory. */
export interface SegmentFile {
  readonly path: string;
  readonly name: string;
  readonly firstRevision: number;
}

function segmentName(firstRevision: number): string {
  return `${String(firstRevision).padStart(REVISION_DIGITS, '0')}.journal`;
}

export function segmentFile(directory: string, firstRevision: number): SegmentFile {
  const name = segmentName(firstRevision);
  return { path: join(directory, name), name, firstRevision };
}

/** The segments of a directory in the order of their revisions. */
export async function listSegments(directory: string): Promise<SegmentFile[]> {
  const segments: SegmentFile[] = [];
  for (const name of await readdir(directory)) {
    const match = SEGMENT_NAME.exec(name);
    if (match) segments.push(segmentFile(directory, Number(match[1])));
  }
  return segments.sort((a, b) => a.firstRevision - b.firstRevision);
}

/** Removes segments that were not complete when a crash came or a write failed: nothing in them can have been acknowledged. */
export async function removeUnfinished(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.endsWith(UNFINISHED_SUFFIX)) await rm(join(directory, name), { force: true });
  }
}

/** The header of a segment. Throws `internal`, naming the file, if it cannot be used. */
export async function readHeader(segment: SegmentFile): Promise<SegmentHeader> {
  const header = await inspectHeader(segment);
  if (typeof header === 'string') throw damage(segment, 0, header);
  return header;
}

/** The header of a segment, or in words why it cannot be used. */
export async function inspectHeader(segment: SegmentFile): Promise<SegmentHeader | string> {
  const bytes = Buffer.alloc(HEADER_BYTES);
  const file = await open(segment.path, 'r');
  try {
    const { bytesRead } = await file.read(bytes, 0, HEADER_BYTES, 0);
    const header = decodeHeader(bytes.subarray(0, bytesRead));
    const isOther = typeof header !== 'string' && header.firstRevision !== segment.firstRevision;
    return isOther ? 'its name and its header disagree on the first revision' : header;
  } finally {
    await file.close();
  }
}

/** The error for a place that cannot be read, with what to do about it. */
export function damage(segment: SegmentFile, offset: number, problem: string): BacksideError {
  return new BacksideError(
    'internal',
    `${segment.path} at byte ${offset}: ${problem}; \`backside doctor\` shows what can be saved`,
  );
}

/**
 * Makes a directory, with its parents, that survives a power loss; nothing if it is there. Throws the error of the file system, also where
 * that says of a directory which is there that it is not, as `/proc` does: Node's own recursion never ends then.
 */
export async function makeDirectory(directory: string): Promise<void> {
  const path = resolve(directory);
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT') throw error;
    await makeDirectory(dirname(path));
    await mkdirUnlessThere(path);
  }
  await syncDirectory(dirname(path));
}

/** Somebody else may make it at the same time. */
async function mkdirUnlessThere(path: string): Promise<void> {
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Makes creations and removals of names in `directory` survive a power loss. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
