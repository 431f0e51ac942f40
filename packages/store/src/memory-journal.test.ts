import { expect, it } from 'vitest';
import { journalConformance } from './conformance.js';
import { commitsAt, revisions } from './journal-samples.js';
import { createMemoryJournal } from './memory-journal.js';

journalConformance('memory journal', async () => {
  const journal = createMemoryJournal();
  return { journal, dispose: () => journal.close() };
});

journalConformance('memory journal with a checkpoint', async () => {
  const journal = createMemoryJournal({ keepsTree: true });
  return { journal, dispose: () => journal.close() };
});

it('keeps as many commits as it is told to when it is trimmed', async () => {
  const journal = createMemoryJournal({ epoch: 'chosen', keepCommits: 5 });
  await journal.append(0, commitsAt(1, 20)).durable;
  await journal.trim(20);
  expect(journal.epoch).toBe('chosen');
  expect(await revisions(journal, 15)).toEqual([16, 17, 18, 19, 20]);
  await expect(revisions(journal, 14)).rejects.toMatchObject({ code: 'not-found' });
});
