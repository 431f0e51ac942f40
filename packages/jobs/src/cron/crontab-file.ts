import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Json } from '@backside/tree';
import { type CronEntry, parseLines } from './cron-entry.js';

/** The option that holds a crontab in a file of options. */
const SCHEDULE_OPTION = /^-?jobs-schedule=(.*)$/;

/** What a file says. */
export interface CrontabFile {
  /** Of its text; null if the file does not exist. */
  readonly hash: string | null;
  /** Throws if the text is no crontab. */
  entries(): CronEntry[];
}

/** Reads a crontab; one that does not exist is empty. */
export async function readCrontab(file: string): Promise<CrontabFile> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return { hash: null, entries: () => [] };
  return { hash: createHash('sha256').update(text).digest('hex'), entries: () => parseCrontab(text) };
}

/** A JSON list of lines, or a file of options, `name=value` by the line, of which each `jobs-schedule` is such a list. */
export function parseCrontab(text: string): CronEntry[] {
  if (text.trim() === '') return [];
  if (text.trimStart().startsWith('[')) return parseLines(JSON.parse(text) as Json);
  const lists = text.split(/\r?\n/).flatMap((line) => {
    const value = SCHEDULE_OPTION.exec(line.trim())?.[1];
    return value === undefined ? [] : (JSON.parse(value) as Json[]);
  });
  return parseLines(lists);
}
