import { Commit, type Logger, SILENT_LOGGER } from '@backside/protocol';
import { createMemoryJournal, type Journal } from '@backside/store';
import { journalConformance } from '@backside/store/conformance';
import { expect, test } from 'vitest';
import { NodeJournal } from './node-journal.js';

journalConformance('node journal', async () => {
  const journal = new NodeJournal(createMemoryJournal({ keepsTree: true }), null, SILENT_LOGGER);
  return { journal, dispose: () => journal.close() };
});

const commitAt = (revision: number): Commit =>
  new Commit({ revision, time: 0, author: null, origin: 'n', changes: [{ path: [`n${revision}`], value: revision }] });

test('tells in the log of a copy that was made from the checkpoint', async () => {
  const inner = createMemoryJournal({ keepsTree: true });
  const lines: unknown[] = [];
  const logger: Logger = { ...SILENT_LOGGER, info: (fields, message) => lines.push([message, fields]) };
  const journal = new NodeJournal(inner, null, logger);
  expect(await journal.checkpoint()).toBeNull();
  await journal.append(0, [commitAt(1), commitAt(2)]).durable;
  const { revision, entries } = (await journal.checkpoint())!;
  const paths: string[] = [];
  for await (const changes of entries) paths.push(...changes.map(({ path }) => path.join('/')));
  expect([revision, paths.sort()]).toEqual([2, ['n1', 'n2']]);
  expect(lines).toEqual([
    ['the tree was copied from the checkpoint', { revision: 2, entries: 2, tookMs: expect.any(Number) }],
  ]);
});

test('closing it ends the companion, then the journal, also if the companion cannot be ended', async () => {
  const ended: string[] = [];
  const inner: Journal = createMemoryJournal();
  inner.close = async () => void ended.push('journal');
  const companion = { close: (): Promise<void> => Promise.reject(new Error('stuck')) };
  await expect(new NodeJournal(inner, companion, SILENT_LOGGER).close()).rejects.toThrow('stuck');
  expect(ended).toEqual(['journal']);
});

test('passes on what the journal tells of its head, if it tells anything', () => {
  const silent = createMemoryJournal();
  expect(new NodeJournal(silent, null, SILENT_LOGGER).onHead).toBeUndefined();
  const telling: Journal = createMemoryJournal();
  telling.onHead = (listener) => {
    listener(7);
    return () => {};
  };
  const heads: number[] = [];
  new NodeJournal(telling, null, SILENT_LOGGER).onHead!((head) => heads.push(head));
  expect(heads).toEqual([7]);
});
