import { createMemoryJournal } from '@backside/store';
import { type SharedJournal, shareJournal } from './share-journal.js';
import { processChannel } from './test-channels.js';

/** Serves as many journals as it is asked for; a topic is `JOURNAL/USER`. */
const journals = new Map<string, SharedJournal>();

process.setMaxListeners(0);
processChannel(process, 'control').onMessage((topic) => {
  const name = String(topic).split('/')[0]!;
  const journal = journals.get(name) ?? shareJournal(createMemoryJournal());
  journals.set(name, journal);
  journal.serve(processChannel(process, String(topic)));
});
