import type { Commit } from '@backside/protocol';
import type { Journal } from '@backside/store';
import type { JournalReach } from './journal-reach.js';

/** Reading one group of commits may take so many times as long as other calls: it may be megabytes. */
const READ_TIMES = 5;

/** The journal's commits with revisions above `after`, as `Journal.commits` gives them. Throws `unavailable` if it does not answer. */
export async function* batchesOf(
  journal: Journal,
  { after, reach }: { readonly after: number; readonly reach: JournalReach },
): AsyncGenerator<readonly Commit[], void, undefined> {
  const batches = journal.commits(after)[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await reach.ask(() => batches.next(), READ_TIMES);
      ended = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // One that did not answer would not answer to this either, so nobody waits for it.
    if (!ended) batches.return?.().catch(() => {});
  }
}
