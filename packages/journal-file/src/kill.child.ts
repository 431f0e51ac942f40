import { writeSync } from 'node:fs';
import { createFileJournal } from './create-file-journal.js';
import { commitAt } from './test-directory.js';

/** Appends until it is killed, and writes every revision that is acknowledged as durable to its standard output. */
const journal = await createFileJournal({
  directory: process.argv[2]!,
  now: () => Date.now(),
  segmentBytes: 64 * 1024,
});

let head = await journal.head();
const acknowledged: Promise<void>[] = [];
for (let round = 1; ; round++) {
  const count = 1 + (round % 7);
  const commits = Array.from({ length: count }, (_, index) =>
    commitAt(head + 1 + index, 'v'.repeat((head + index) % 300)),
  );
  const append = journal.append(head, commits);
  head += count;
  const reached = head;
  acknowledged.push(append.durable.then(() => void writeSync(1, `${reached}\n`)));
  if (round % 5 === 0) await Promise.all(acknowledged.splice(0));
}
