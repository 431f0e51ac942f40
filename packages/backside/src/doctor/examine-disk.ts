import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createFileJournal } from '@backside/journal-file';
import { Commit } from '@backside/protocol';
import { milliseconds } from './examine-nodes.js';
import { type Finding, fine, note, problem } from './finding.js';

const APPENDS = 15;
/** Appends that take longer than this make every write slow. */
const SLOW_APPEND_MS = 50;

const SAMPLE = { author: null, origin: 'doctor', changes: [{ path: ['sample'], value: 'x'.repeat(100) }] } as const;

/** Measures durable appends to a journal of its own on the disk of the data. */
export async function examineDisk(data: string): Promise<Finding> {
  const directory = await mkdtemp(join(data, '.doctor-')).catch((error: Error) => error);
  if (directory instanceof Error) return problem(`disk: nothing can be written: ${directory.message}`);
  try {
    const appendMs = await measure(directory);
    const text = `disk: an append takes ${milliseconds(appendMs)} (median)`;
    return appendMs <= SLOW_APPEND_MS ? fine(text) : note(`${text}: every write waits for that`);
  } catch (error) {
    return problem(`disk: an append failed: ${(error as Error).message}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(directory: string): Promise<number> {
  const journal = await createFileJournal({ directory, now: Date.now, retention: { maxAgeMs: 0 } });
  try {
    const times: number[] = [];
    for (let revision = 1; revision <= APPENDS; revision += 1) {
      const start = performance.now();
      await journal.append(revision - 1, [new Commit({ ...SAMPLE, revision, time: Date.now() })]).durable;
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[Math.floor(APPENDS / 2)]!;
  } finally {
    await journal.close();
  }
}
