import { Commit } from '@backside/protocol';
import type { Notice, Notifier } from './notifier.js';

/** What one subscription of a test has heard. */
export interface Heard {
  readonly notices: readonly Notice[];
  readonly commits: readonly Commit[];
  /** Waits until at least `count` commits have come. */
  first(count: number): Promise<readonly Commit[]>;
  /** Waits for a commit with this revision. */
  revision(revision: number): Promise<Commit>;
  /** Waits for a notice like this, after the first `skipped` ones. */
  notice(isLikeThis: (notice: Notice) => boolean, skipped?: number): Promise<Notice>;
  end(): Promise<void>;
}

export async function listen(notifier: Notifier, database: string): Promise<Heard> {
  const notices: Notice[] = [];
  const commits: Commit[] = [];
  const waiting = new Set<() => void>();
  const end = await notifier.subscribe(database, (notice) => {
    notices.push(notice);
    commits.push(...notice.commits);
    for (const check of [...waiting]) check();
  });
  const until = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const check = (): void => {
        const found = find();
        if (found === undefined) return void waiting.add(check);
        waiting.delete(check);
        resolve(found);
      };
      check();
    });
  return {
    notices,
    commits,
    first: (count) => until(() => (commits.length >= count ? commits : undefined)),
    revision: (revision) => until(() => commits.find((commit) => commit.revision === revision)),
    notice: (isLikeThis, skipped = 0) => until(() => notices.slice(skipped).find(isLikeThis)),
    end,
  };
}

const BASE = { time: 1_700_000_000_000, author: null, origin: 'node-1' };

/** A commit of everything that an encoding could get wrong. */
export const RICH: Commit = new Commit({
  ...BASE,
  revision: 1,
  author: 'алиса',
  changes: [
    { path: ['a', '__proto__', '😀'], value: 'line\nbreak \u0000' },
    { path: ['gone'], value: null },
    { path: ['p', '.priority'], value: 3 },
  ],
  headers: [['x-trace', 'é']],
  idempotencyKey: 'k',
});

export function commitAt(revision: number, value: string | number = revision): Commit {
  return new Commit({ ...BASE, revision, changes: [{ path: ['k'], value }] });
}

/** Names that mean something to one broker or another: wildcards, separators, spaces, line ends, and lengths beyond theirs. */
export const HOSTILE_NAMES: readonly string[] = [
  'main',
  'Main',
  'main.sub',
  'n-main',
  '__proto__',
  'a/b*',
  '#',
  '*',
  '>',
  'main.#',
  'main.*',
  'main.>',
  '?ain',
  '[m]ain',
  'two words',
  'line\r\nend \0',
  'all',
  'ключ',
  'x'.repeat(300),
  `${'x'.repeat(300)}y`,
  'ö'.repeat(200),
  '',
];
