import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { toBacksideError } from '@backside/protocol';
import { createFileJournal } from './create-file-journal.js';
import { commitAt } from './test-directory.js';

/** Fills the disk, which is its limit on the size of files, makes room, and prints what comes of its appends. */
const journal = await createFileJournal({ directory: process.argv[2]!, now: () => Date.now() });
const { epoch } = journal;

/** Null, or the code of the error. */
async function append(base: number, value: string): Promise<string | null> {
  return journal.append(base, [commitAt(base + 1, value)]).durable.then(
    ({ status }) => (status === 'appended' ? null : status),
    (error: unknown) => toBacksideError(error).code,
  );
}

let head = 0;
let code = await append(head, 'x'.repeat(70_000));
for (; code === null; code = await append(head, 'x'.repeat(70_000))) head += 1;
process.stdout.write(`${head}\nappend ${code}\n`);
await sleep(500); // it has tried to recover by now
process.stdout.write(`still ${await append(head, 'too soon')}\nhead ${await journal.head()}\n`);

execFileSync('prlimit', ['--fsize=unlimited', '--pid', String(process.pid)]);
for (const end = Date.now() + 20_000; Date.now() < end; await sleep(20)) {
  if ((await append(head, 'after')) === null) break;
}
process.stdout.write(`appended ${await journal.head()}\nsame history ${journal.epoch === epoch}\n`);
await journal.close();
