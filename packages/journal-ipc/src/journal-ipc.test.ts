import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { BacksideError, Commit } from '@backside/protocol';
import { type Append, createMemoryJournal, type Journal } from '@backside/store';
import { type JournalFixture, journalConformance } from '@backside/store/conformance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Channel } from './channel.js';
import { createIpcJournal } from './ipc-journal.js';
import { shareJournal } from './share-journal.js';
import { forkModule, portChannel, processChannel } from './test-channels.js';

journalConformance('journal over a message channel', async () => {
  const links: MessageChannel[] = [];
  const served = shareJournal(createMemoryJournal());
  const connect = (): Promise<Journal> => {
    const link = new MessageChannel();
    links.push(link);
    served.serve(portChannel(link.port1));
    return createIpcJournal(portChannel(link.port2));
  };
  const closeLinks = async (): Promise<void> => {
    for (const { port1 } of links) port1.close();
  };
  return { journal: await connect(), second: connect, breakMedium: closeLinks, dispose: closeLinks };
});

describe('with a forked process', () => {
  let child: ChildProcess;
  let journals = 0;
  beforeAll(async () => {
    child = await forkModule(new URL('./journals.child.ts', import.meta.url));
  });
  afterAll(async () => {
    const exited = once(child, 'exit');
    child.disconnect();
    await exited;
  });

  journalConformance('journal of another process', async (): Promise<JournalFixture> => {
    const name = `journal-${++journals}`;
    const connect = async (user: string): Promise<Journal> => {
      processChannel(child, 'control').send(`${name}/${user}`);
      return createIpcJournal(processChannel(child, `${name}/${user}`));
    };
    const journal = await connect('first');
    return { journal, second: () => connect('second'), dispose: () => journal.close() };
  });
});

describe('journal over ipc', () => {
  it('gives several processes that append at once one order, in which each finds all of its own', {
    timeout: 60_000,
  }, async () => {
    const served = createMemoryJournal();
    const workers = await Promise.all(
      ['a', 'b', 'c'].map((name) => forkModule(new URL('./appends.child.ts', import.meta.url), [name, '100'])),
    );
    const exits = workers.map((worker) => once(worker, 'exit'));
    const shared = shareJournal(served);
    for (const worker of workers) shared.serve(processChannel(worker, 'journal'));
    for (const [code] of await Promise.all(exits)) expect(code).toBe(0);
    const numbers: Record<string, unknown[]> = { a: [], b: [], c: [] };
    for await (const commits of served.commits(0)) {
      for (const { origin, changes } of commits) numbers[origin]?.push(changes[0]?.value);
    }
    for (const own of Object.values(numbers)) {
      expect(own.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, index) => index));
    }
  });

  it('sends one message per append, and the answers of one turn together', async () => {
    const link = linkedChannels();
    shareJournal(createMemoryJournal()).serve(link.primary);
    const journal = await createIpcJournal(link.worker);
    link.sent.length = 0;
    const appends = [0, 1, 2].map((base) => journal.append(base, [commitAt(base + 1)]));
    await Promise.all(appends.map(({ durable }) => durable));
    expect(link.sent.map(([from, message]) => [from, Array.isArray(message) ? message.length : 1])).toEqual([
      ['worker', 1],
      ['worker', 1],
      ['worker', 1],
      ['primary', 6],
    ]);
  });

  it('tells with a conflict what is missing, and reads recent commits without the journal', async () => {
    const served = createMemoryJournal();
    const read: number[] = [];
    const commits: Journal['commits'] = (after) => {
      read.push(after);
      return served.commits(after);
    };
    const shared = shareJournal({ ...bound(served), commits });
    const links = [linkedChannels(), linkedChannels()];
    for (const { primary } of links) shared.serve(primary);
    const [first, second] = await Promise.all(links.map(({ worker }) => createIpcJournal(worker)));
    await first!.append(0, [commitAt(1), commitAt(2)]).durable;
    const refused = await second!.append(0, [commitAt(1)]).durable;
    if (refused.status !== 'revision-conflict') throw new Error('a conflict was expected');
    expect(refused.missing?.map((commit) => ({ ...commit }))).toEqual([{ ...commitAt(1) }, { ...commitAt(2) }]);
    const revisions: number[] = [];
    for await (const commits of second!.commits(1)) revisions.push(...commits.map(({ revision }) => revision));
    expect(revisions).toEqual([2]);
    expect(read).toEqual([]);
  });

  it('passes on what the journal itself says is missing, as commits', async () => {
    const served = createMemoryJournal();
    const conflict = { status: 'revision-conflict', head: 1, missing: [commitAt(1)] } as const;
    const append = (): Append => ({ accepted: Promise.resolve(conflict), durable: Promise.resolve(conflict) });
    const link = linkedChannels();
    shareJournal({ ...bound(served), append }).serve(link.primary);
    const refused = await (await createIpcJournal(link.worker)).append(0, [commitAt(1)]).durable;
    if (refused.status !== 'revision-conflict') throw new Error('a conflict was expected');
    expect(refused.missing?.map((commit) => Buffer.from(commit.encoded()).toString())).toEqual([
      Buffer.from(commitAt(1).encoded()).toString(),
    ]);
  });

  it('lets who met a conflict append before the others go on', async () => {
    const shared = shareJournal(createMemoryJournal());
    const links = [linkedChannels(), linkedChannels()];
    for (const { primary } of links) shared.serve(primary);
    const [eager, loser] = await Promise.all(links.map(({ worker }) => createIpcJournal(worker)));
    await eager!.append(0, [commitAt(1)]).durable;
    const refused = await loser!.append(0, [commitAt(1)]).durable;
    const held = eager!.append(1, [commitAt(2)]);
    const retried = loser!.append(refused.head, [commitAt(2)]);
    expect((await retried.durable).status).toBe('appended');
    expect(await held.durable).toMatchObject({ status: 'revision-conflict', head: 2 });
  });

  it('finds no place for what was built on an append that failed', async () => {
    const served = createMemoryJournal();
    let fail: (error: Error) => void = () => undefined;
    const failing: Append = {
      accepted: Promise.resolve({ status: 'appended', head: 1 }),
      durable: new Promise((_resolve, reject) => {
        fail = reject;
      }),
    };
    const appends = [failing];
    const shared = shareJournal({
      ...bound(served),
      append: (base, commits) => appends.pop() ?? served.append(base, commits),
    });
    const { primary, worker } = linkedChannels();
    shared.serve(primary);
    const journal = await createIpcJournal(worker);
    const lost = journal.append(0, [commitAt(1)]);
    await lost.accepted;
    fail(new BacksideError('unavailable', 'the disk is full'));
    await served.append(0, [commitAt(1)]).durable;
    const built = journal.append(1, [commitAt(2)]);
    await expect(lost.durable).rejects.toMatchObject({ code: 'unavailable' });
    expect(await built.durable).toMatchObject({ status: 'revision-conflict', head: 1 });
    expect((await journal.append(1, [commitAt(2)]).durable).status).toBe('appended');
  });

  it('rejects what is under way, and all that follows, when the link is lost', async () => {
    const { port1, port2 } = new MessageChannel();
    const stuck = createMemoryJournal();
    const never = new Promise<never>(() => undefined);
    const accepted = Promise.resolve({ status: 'appended' as const, head: 1 });
    shareJournal({ ...bound(stuck), append: () => ({ accepted, durable: never }) }).serve(portChannel(port1));
    const journal = await createIpcJournal(portChannel(port2));
    const append = journal.append(0, [commitAt(1)]);
    expect(await append.accepted).toEqual({ status: 'appended', head: 1 });
    port1.close();
    await expect(append.durable).rejects.toMatchObject({ code: 'unavailable' });
    await expect(journal.append(1, [commitAt(2)]).accepted).rejects.toMatchObject({ code: 'unavailable' });
    await expect(journal.head()).rejects.toMatchObject({ code: 'unavailable' });
    await journal.close();
  });

  it('waits at close for the appends under way', async () => {
    const { port1, port2 } = new MessageChannel();
    const served = createMemoryJournal();
    shareJournal(served).serve(portChannel(port1));
    const journal = await createIpcJournal(portChannel(port2));
    const append = journal.append(0, [commitAt(1)]);
    await journal.close();
    expect(await served.head()).toBe(1);
    expect((await append.durable).status).toBe('appended');
    port1.close();
  });

  it('passes the reason of a failure on', async () => {
    const { port1, port2 } = new MessageChannel();
    const served = createMemoryJournal();
    shareJournal(served).serve(portChannel(port1));
    const journal = await createIpcJournal(portChannel(port2));
    await served.close();
    await expect(journal.append(0, [commitAt(1)]).durable).rejects.toMatchObject({
      code: 'unavailable',
      message: 'the journal is closed',
    });
    port1.close();
  });
});

function commitAt(revision: number): Commit {
  return new Commit({ revision, time: 0, author: null, origin: 'node-1', changes: [{ path: ['a'], value: revision }] });
}

/** The methods of a journal as properties of their own. */
function bound(journal: Journal): Journal {
  return {
    supports: journal.supports,
    epoch: journal.epoch,
    head: () => journal.head(),
    first: () => journal.first(),
    append: (base, commits) => journal.append(base, commits),
    commits: (after) => journal.commits(after),
    trim: (revision) => journal.trim(revision),
    close: () => journal.close(),
  };
}

/** Two ends in one process whose messages arrive in a later turn, and a record of them. */
function linkedChannels(): { primary: Channel; worker: Channel; sent: [from: string, message: unknown][] } {
  const sent: [string, unknown][] = [];
  const handlers = { primary: new Set<(message: unknown) => void>(), worker: new Set<(message: unknown) => void>() };
  const end = (own: 'primary' | 'worker', other: 'primary' | 'worker'): Channel => ({
    send(message) {
      sent.push([own, message]);
      process.nextTick(() => {
        for (const handler of handlers[other]) handler(structuredClone(message));
      });
    },
    onMessage(handler) {
      handlers[own].add(handler);
      return () => handlers[own].delete(handler);
    },
    onClose: () => undefined,
  });
  return { primary: end('primary', 'worker'), worker: end('worker', 'primary'), sent };
}
