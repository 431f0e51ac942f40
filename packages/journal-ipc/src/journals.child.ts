import { createMemoryJournal, type Journal } from '@backside/store';
import { serveJournal } from './serve-journal.js';
import { processChannel } from './test-channels.js';

/** Serves as many journals as it is asked for; a topic is `JOURNAL/USER`. */
const journals = new Map<string, Journal>();

process.setMaxListeners(0);
processChannel(process, 'control').onMessage((topic) => {
  const name = String(topic).split('/')[0]!;
  const journal = journals.get(name) ?? createMemoryJournal();
  journals.set(name, journal);
  serveJournal(journal, processChannel(process, String(topic)));
});
