import { setTimeout as sleep } from 'node:timers/promises';
import { GAP, type NoticeHandler } from '@backside/notifier';
import { Commit } from '@backside/protocol';
import type { AppendOutcome, Journal } from '@backside/store';
import { describe, expect, it } from 'vitest';
import { check, type Verdict } from './history/check.js';
import { type Parts, startInProcess, wrapJournal, wrapNotifier } from './history/in-process.js';
import type { Connection, LoadNode } from './history/load-node.js';
import { runLoad } from './history/run-load.js';
import { Random } from './random.js';

type Wrap = (parts: Parts, index: number) => Parts;

interface Broken {
  /** What stands in the place of a node's journal and notifier. */
  readonly wrap?: Wrap;
  /** What stands in the place of a node's connections. */
  readonly connection?: (connection: Connection) => Connection;
}

/** What the checker says of a second of load on three nodes of which some parts do not do as they should. */
async function verdictOn({ wrap, connection }: Broken): Promise<Verdict> {
  const { nodes, close } = await startInProcess(3, wrap);
  const random = Random.fromEnvironment('HISTORY_SEED');
  try {
    const broken = connection ? nodes.map((node) => withConnections(node, connection)) : nodes;
    const during = (): Promise<void> => sleep(1_000);
    return check(await runLoad({ nodes: broken, writers: 6, listeners: 6, random, during, settleMs: 3_000 }));
  } finally {
    await close();
  }
}

function withConnections(node: LoadNode, wrap: (connection: Connection) => Connection): LoadNode {
  return { name: node.name, connect: async () => wrap(await node.connect()) };
}

describe('stays green, for a notifier is only a hint, when it', () => {
  const notifiers: Readonly<Record<string, (handler: NoticeHandler) => NoticeHandler>> = {
    'loses every notice': () => () => {},
    'loses some, doubles some and tells some late': (handler) => (notice) => {
      const chance = Math.random();
      if (chance < 0.3) return;
      if (chance < 0.5) setTimeout(() => handler(notice), Math.random() * 20);
      else for (let times = chance < 0.7 ? 2 : 1; times > 0; times -= 1) handler(notice);
    },
    'tells only that something may have been missed': (handler) => () => handler(GAP),
  };
  for (const [name, spoil] of Object.entries(notifiers)) {
    it(name, async () => {
      const { problems, counts } = await verdictOn({
        wrap: ({ journal, notifier }) => ({
          journal,
          notifier: wrapNotifier(notifier, {
            subscribe: (database, handler) => notifier.subscribe(database, spoil(handler)),
          }),
        }),
      });
      expect(problems).toEqual([]);
      expect(counts.commits).toBeGreaterThan(20);
    });
  }
});

/** The node reads every commit otherwise than it is, from notices and from the journal. */
function readsAs(index: number, spoil: (commits: readonly Commit[]) => readonly Commit[]): Wrap {
  return ({ journal, notifier }, at) => {
    if (at !== index) return { journal, notifier };
    return {
      notifier: wrapNotifier(notifier, {
        subscribe: (database, handler) => notifier.subscribe(database, () => handler(GAP)),
      }),
      journal: wrapJournal(journal, {
        async *commits(after) {
          for await (const commits of journal.commits(after)) yield spoil(commits);
        },
      }),
    };
  };
}

function changed(commit: Commit, changes: Commit['changes']): Commit {
  const { revision, time, author, origin } = commit;
  return new Commit({ revision, time, author, origin, changes });
}

describe('catches', () => {
  it('a node that drops an event', async () => {
    const { problems } = await verdictOn({
      wrap: readsAs(1, (commits) =>
        commits.map((commit) => (commit.revision % 50 === 0 ? changed(commit, []) : commit)),
      ),
    });
    expect(problems.join('\n')).toMatch(/two orders|knows|never/);
  });

  it('a node that follows two commits in the wrong order', async () => {
    const swapped = (commits: readonly Commit[]): Commit[] =>
      commits.map((commit, index) => {
        const other = commits[index % 2 === 0 ? index + 1 : index - 1];
        return other === undefined ? commit : changed(commit, other.changes);
      });
    const { problems } = await verdictOn({ wrap: readsAs(2, swapped) });
    expect(problems.join('\n')).toMatch(/two orders/);
  });

  it('a node that follows half of a commit', async () => {
    const { problems } = await verdictOn({
      wrap: readsAs(0, (commits) => commits.map((commit) => changed(commit, commit.changes.slice(0, 1)))),
    });
    expect(problems.join('\n')).toMatch(/two orders|should be .* and is/);
  });

  it('a journal that acknowledges an append and does not store it', async () => {
    let appends = 0;
    const lose = async (journal: Journal, base: number, commits: readonly Commit[]): Promise<AppendOutcome> => {
      appends += 1;
      const loses = appends > 100 && commits.length > 0 && (await journal.head()) === base;
      if (!loses) return journal.append(base, commits).durable;
      appends = Number.NEGATIVE_INFINITY;
      return { status: 'appended', head: base + commits.length };
    };
    const { problems } = await verdictOn({
      wrap: ({ journal, notifier }, index) => ({
        // Nobody hears of what is lost, or all nodes would wait for a journal that is behind them.
        notifier: wrapNotifier(notifier, index === 0 ? { publish: () => {} } : {}),
        journal: wrapJournal(journal, {
          append: (base, commits) => {
            const outcome = index === 0 ? lose(journal, base, commits) : journal.append(base, commits).durable;
            return { accepted: outcome, durable: outcome };
          },
        }),
      }),
    });
    expect(problems.join('\n')).toMatch(/lost: |were both acknowledged|two orders/);
  });

  it('a journal that takes appends on an old state', async () => {
    const { problems } = await verdictOn({
      wrap: ({ journal, notifier }) => ({
        notifier,
        journal: wrapJournal(journal, {
          append: (base, commits) => {
            const outcome = journal.head().then((head) => {
              const moved = commits.map(
                (commit, index) => new Commit({ ...fieldsOf(commit), revision: head + 1 + index }),
              );
              return journal.append(head, moved).durable.then(() => ({
                status: 'appended' as const,
                head: base + commits.length,
              }));
            });
            return { accepted: outcome, durable: outcome };
          },
        }),
      }),
    });
    expect(problems.length).toBeGreaterThan(0);
  });

  it('a node that makes a write twice', async () => {
    let writes = 0;
    const { problems } = await verdictOn({
      connection: (connection) => ({
        ...connection,
        write: async (write, key) => {
          writes += 1;
          if (writes % 20 === 0) await connection.write(write, null);
          return connection.write(write, key);
        },
      }),
    });
    expect(problems.join('\n')).toMatch(/doubled: w\d+/);
  });

  it('a node that tells an old state after a newer one was acknowledged', async () => {
    const { problems } = await verdictOn({
      connection: (connection) => {
        const known = new Map<string, ReturnType<Connection['read']>>();
        const read: Connection['read'] = (path) => {
          const told = known.get(path) ?? connection.read(path);
          known.set(path, told);
          return told;
        };
        return { ...connection, read };
      },
    });
    expect(problems.join('\n')).toMatch(/told \S+ at \d+ after \d+ was known/);
  });

  it('a node that refuses a write and makes it', async () => {
    let writes = 0;
    const { problems } = await verdictOn({
      connection: (connection) => ({
        ...connection,
        write: async (write, key) => {
          const answer = await connection.write(write, key);
          writes += 1;
          return writes % 20 === 0 ? { kind: 'refused', code: 'internal' } : answer;
        },
      }),
    });
    expect(problems.join('\n')).toMatch(/refused but there: w\d+ \(internal\)/);
  });
});

function fieldsOf({ time, author, origin, changes }: Commit): Pick<Commit, 'time' | 'author' | 'origin' | 'changes'> {
  return { time, author, origin, changes };
}
