import { Commit } from '@backside/protocol';
import { createIpcJournal } from './ipc-journal.js';
import { processChannel } from './test-channels.js';

/** Appends a number of commits of its own, two at a time without waiting, again and again where others were first. */
const [name, count] = [process.argv[2]!, Number(process.argv[3])];
const journal = await createIpcJournal(processChannel(process, 'journal'));

let head = await journal.head();
for (let done = 0; done < count; ) {
  const first = journal.append(head, [commitOf(head + 1, done)]);
  const second = journal.append(head + 1, [commitOf(head + 2, done + 1)]);
  const [one, two] = await Promise.all([first.durable, second.durable]);
  if (one.status === 'revision-conflict' && two.status === 'appended') throw new Error('built on what was refused');
  done += Number(one.status === 'appended') + Number(two.status === 'appended');
  head = two.head;
}
await journal.close();
process.disconnect();

function commitOf(revision: number, number: number): Commit {
  return new Commit({ revision, time: 0, author: name, origin: name, changes: [{ path: ['n'], value: number }] });
}
