import type { Journal } from '@backside/store';
import type { Channel } from './channel.js';
import { JournalServer } from './journal-server.js';
import { OrderedJournal } from './ordered-journal.js';

/** A journal of this process that others use through `createIpcJournal`. */
export interface SharedJournal {
  /**
   * Lets the process at the other end of `channel` use the journal. Ends with the channel, or when the returned function is
   * called; the journal stays open, and what had arrived is carried out.
   */
  serve(channel: Channel): () => void;
}

/**
 * Shares a journal, which nobody else in this process may append to from now on; other nodes may, if the journal is shared with them.
 * The appends of all channels are made in the order in which they arrive, except that a worker which met a conflict comes next, and
 * those that wait are joined.
 */
export function shareJournal(journal: Journal): SharedJournal {
  const shared = new OrderedJournal(journal);
  return { serve: (channel) => new JournalServer(shared, channel).start() };
}
