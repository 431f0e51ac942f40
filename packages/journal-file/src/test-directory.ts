import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Commit } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { createFileJournal } from './create-file-journal.js';
import type { FileJournalOptions, JournalLogger } from './options.js';

/** A directory for one test, and journals in it. */
export class TestDirectory {
  readonly path: string;
  /** Messages that journals opened here have logged. */
  readonly warnings: string[] = [];
  readonly #journals: Journal[] = [];
  #copies = 0;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<TestDirectory> {
    return new TestDirectory(await mkdtemp(join(tmpdir(), 'backside-journal-')));
  }

  get journalPath(): string {
    return join(this.path, 'journal');
  }

  async open(options: Partial<FileJournalOptions> = {}): Promise<Journal> {
    const logger: JournalLogger = { warn: (message) => this.warnings.push(message) };
    const journal = await createFileJournal({ directory: this.journalPath, now: () => 1000, logger, ...options });
    this.#journals.push(journal);
    return journal;
  }

  /** The segments as a crash at this moment would leave them, in a directory of their own. */
  async crashCopy(): Promise<string> {
    const target = join(this.path, `copy-${++this.#copies}`);
    await mkdir(target);
    for (const name of await segmentNames(this.journalPath))
      await copyFile(join(this.journalPath, name), join(target, name));
    return target;
  }

  async remove(): Promise<void> {
    for (const journal of this.#journals) await journal.close();
    await rm(this.path, { recursive: true });
  }
}

export async function segmentNames(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith('.journal')).sort();
}

export function commitAt(revision: number, value: string | number = revision): Commit {
  const changes = [{ path: ['items', `k${revision}`], value }];
  return new Commit({ revision, time: 1_700_000_000_000, author: 'alice', origin: 'node-1', changes });
}

export function commitsAt(revision: number, count: number, value?: string): Commit[] {
  return Array.from({ length: count }, (_, index) => commitAt(revision + index, value));
}

/** What is stored after a revision, as `revision:value`, for comparison. */
export async function contents(
  journal: { commits(after: number): AsyncIterable<readonly Commit[]> },
  after = 0,
): Promise<string[]> {
  const all: string[] = [];
  for await (const commits of journal.commits(after)) {
    all.push(...commits.map(({ revision, changes }) => `${revision}:${String(changes[0]?.value)}`));
  }
  return all;
}
