import { journalConformance } from './conformance.js';
import { createMemoryJournal } from './memory-journal.js';

journalConformance('memory journal', async () => {
  const journal = createMemoryJournal();
  return { journal, dispose: () => journal.close() };
});
