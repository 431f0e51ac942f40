import { open } from 'node:fs/promises';
import { BacksideError } from '@backside/protocol';
import type { JournalFinding } from './journal-finding.js';
import { inspectSegment } from './recovery.js';
import { repairJournal } from './repair-journal.js';
import { inspectHeader, listSegments, type SegmentFile } from './segment-files.js';
import type { SegmentHeader } from './segment-header.js';

export interface SegmentReport {
  readonly file: string;
  readonly bytes: number;
  readonly firstRevision: number;
  /** The last sound revision; firstRevision - 1 if it holds none. */
  readonly lastRevision: number;
}

export interface FileJournalReport {
  /** The history; null if there is no readable segment. */
  readonly epoch: string | null;
  /** The lowest revision; head + 1 if there is none. */
  readonly first: number;
  /** The last revision that can be reached from `first` without a gap. */
  readonly head: number;
  readonly segments: readonly SegmentReport[];
  readonly findings: readonly JournalFinding[];
  /** Files into which `repair` has moved what it took out of the journal. */
  readonly savedAs: readonly string[];
}

export interface VerifyOptions {
  /**
   * Makes the journal usable again up to the first finding: what comes after is moved into files beside the segments, never
   * deleted. If acknowledged revisions are lost by it, the history gets a new epoch, so that nobody takes the revisions that
   * will be written next for the lost ones. Needs the lock: throws `unavailable` while a process has the journal open.
   */
  readonly repair?: boolean;
}

/** Reads every byte of a journal and reports what it finds. Throws `not-found` if the directory holds no journal. */
export async function verifyFileJournal(directory: string, options: VerifyOptions = {}): Promise<FileJournalReport> {
  const report = await examine(directory);
  if (report.segments.length + report.findings.length === 0) {
    throw new BacksideError('not-found', `${directory} holds no journal`);
  }
  if (!options.repair || report.findings.length === 0) return report;
  const savedAs = await repairJournal(directory, async () => (await examine(directory)).findings);
  return { ...(await examine(directory)), findings: report.findings, savedAs };
}

async function examine(directory: string): Promise<FileJournalReport> {
  const files = await listSegments(directory);
  const first = files[0]?.firstRevision ?? 1;
  const segments: SegmentReport[] = [];
  const findings: JournalFinding[] = [];
  let epoch: string | null = null;
  let head = first - 1;
  let unbroken = true;
  for (const file of files) {
    const header = await inspectHeader(file);
    if (typeof header === 'string') {
      findings.push(finding(file, { kind: 'header', problem: header }));
      unbroken = false;
      continue;
    }
    epoch ??= header.epoch;
    const before = segments.at(-1)?.lastRevision ?? first - 1;
    findings.push(...joints(file, { epoch, header, before }));
    const { report, ending } = await examineSegment(file, file === files.at(-1));
    segments.push(report);
    unbroken &&= file.firstRevision === before + 1;
    if (unbroken) head = report.lastRevision;
    if (ending !== null) findings.push(ending);
    unbroken &&= ending === null;
  }
  return { epoch, first, head, segments, findings, savedAs: [] };
}

/** What is wrong between a segment and those before it. */
function joints(file: SegmentFile, at: { epoch: string; header: SegmentHeader; before: number }): JournalFinding[] {
  const findings: JournalFinding[] = [];
  if (at.header.epoch !== at.epoch) {
    findings.push(
      finding(file, { kind: 'epoch', problem: `it names the history ${at.header.epoch}, not ${at.epoch}` }),
    );
  }
  if (file.firstRevision !== at.before + 1) {
    findings.push(
      finding(file, { kind: 'gap', problem: `it begins with revision ${file.firstRevision}, not ${at.before + 1}` }),
    );
  }
  return findings;
}

async function examineSegment(
  file: SegmentFile,
  isLast: boolean,
): Promise<{ report: SegmentReport; ending: JournalFinding | null }> {
  const handle = await open(file.path, 'r');
  try {
    const end = await inspectSegment(handle, file);
    const report = { file: file.path, bytes: end.fileBytes, firstRevision: file.firstRevision, lastRevision: end.head };
    if (end.kind === 'clean') return { report, ending: null };
    const kind = isLast && end.kind === 'torn' ? 'torn-tail' : 'damage';
    return { report, ending: { kind, file: file.path, offset: end.offset, problem: end.problem } };
  } finally {
    await handle.close();
  }
}

/** A finding about a segment as a whole. */
function finding(file: SegmentFile, what: Pick<JournalFinding, 'kind' | 'problem'>): JournalFinding {
  return { ...what, file: file.path, offset: 0 };
}
