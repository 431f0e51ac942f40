import { closeSync, fdatasync, openSync, write } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Commit } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { afterAll, beforeAll, bench, describe } from 'vitest';
import { createFileJournal } from './create-file-journal.js';

/** What durability costs: the least that a file allows (one write and one fdatasync) beside what the journal takes. */
const OPTIONS = { time: 1500, warmupTime: 200 };

let directory: string;
let journal: Journal;
let descriptor: number;
let head = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'backside-bench-'));
  journal = await createFileJournal({ directory: join(directory, 'journal'), now: () => 0 });
  descriptor = openSync(join(directory, 'bare'), 'a');
});

afterAll(async () => {
  await journal.close();
  closeSync(descriptor);
  await rm(directory, { recursive: true });
});

for (const count of [1, 10, 100, 1000]) {
  describe(`${count} small commits made durable together`, () => {
    bench('encoded, appended to a bare file, fdatasync', () => appendBare(nextCommits(count)), OPTIONS);
    bench('one append to the journal', () => appendOnce(nextCommits(count)), OPTIONS);
    bench('an append to the journal for each', () => appendEach(nextCommits(count)), OPTIONS);
  });
}

function nextCommits(count: number): Commit[] {
  return Array.from({ length: count }, (_, index) => {
    const changes = [{ path: ['items', `k${index}`], value: 'v'.repeat(60) }];
    return new Commit({
      revision: head + 1 + index,
      time: 1_700_000_000_000,
      author: 'alice',
      origin: 'node-1',
      changes,
    });
  });
}

function appendBare(commits: readonly Commit[]): Promise<void> {
  const bytes = Buffer.concat(commits.map((commit) => commit.encoded()));
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, (failed) => {
      if (failed) return reject(failed);
      fdatasync(descriptor, (error) => (error ? reject(error) : resolve()));
    });
  });
}

async function appendOnce(commits: readonly Commit[]): Promise<void> {
  const append = journal.append(head, commits);
  head += commits.length;
  await append.durable;
}

async function appendEach(commits: readonly Commit[]): Promise<void> {
  const appends = commits.map((commit) => journal.append(head++, [commit]).durable);
  await Promise.all(appends);
}
