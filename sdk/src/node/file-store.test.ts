import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KeyValueEdit, KeyValueEntry } from '../offline/key-value.js';
import { file } from './file-store.js';
import { FileStorage } from './file-store-storage.js';

let folder: string;
let warnings: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-file-'));
  warnings = [];
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function open(): FileStorage {
  return new FileStorage(folder, (message) => warnings.push(message));
}

async function contents(): Promise<Record<string, string>> {
  const storage = open();
  const entries: readonly KeyValueEntry[] = await storage.entries('');
  await storage.close();
  return Object.fromEntries(entries);
}

const log = (): string => join(folder, 'store.log');

const EDIT = fc.tuple(
  fc.constantFrom('a', 'b', 'ü\n"', 'l/x'),
  fc.option(fc.string({ unit: 'binary', maxLength: 30 })),
);

/** The state after each number of edits. */
function statesOf(edits: readonly KeyValueEdit[]): Record<string, string>[] {
  const state = new Map<string, string>();
  const states: Record<string, string>[] = [{}];
  for (const [key, value] of edits) {
    if (value === null) state.delete(key);
    else state.set(key, Buffer.from(value).toString());
    states.push(Object.fromEntries(state));
  }
  return states;
}

describe('a file store', () => {
  test('cut off at any octet holds what was written up to some edit, and goes on from there', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(EDIT, { maxLength: 8 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (edits, cut) => {
          await rm(log(), { force: true });
          const storage = open();
          await storage.write(edits);
          await storage.close();
          const states = statesOf(edits);
          expect(await contents()).toEqual(states.at(-1));
          const { size } = await stat(log());
          await truncate(log(), Math.floor(size * cut));
          const left = await contents();
          expect(states).toContainEqual(left);
          const again = open();
          await again.write([['new', 'x']]);
          await again.close();
          expect(await contents()).toEqual({ ...left, new: 'x' });
        },
      ),
      { numRuns: 60 },
    );
  });

  test('with any octet changed holds what was written up to some edit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(EDIT, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (edits, at, flip) => {
          await rm(log(), { force: true });
          const storage = open();
          await storage.write(edits);
          await storage.close();
          const bytes = await readFile(log());
          bytes[at % bytes.length]! ^= flip;
          await writeFile(log(), bytes);
          expect(statesOf(edits)).toContainEqual(await contents());
        },
      ),
      { numRuns: 60 },
    );
  });

  test('drops a file of something else with a warning', async () => {
    await writeFile(log(), 'PNG and so on');
    expect(await contents()).toEqual({});
    expect(warnings).toEqual([expect.stringContaining('13 bytes')]);
    expect(await contents()).toEqual({});
    expect(warnings.length).toBe(1);
  });

  test('stays small when the same is written over and over', async () => {
    const storage = open();
    for (let round = 0; round < 40; round++)
      await storage.write([
        ['a', 'x'.repeat(100_000)],
        ['b', String(round)],
      ]);
    const { size } = await stat(log());
    expect(size).toBeLessThan(1_500_000);
    await storage.close();
    expect(await contents()).toEqual({ a: 'x'.repeat(100_000), b: '39' });
  });

  test('survives a crash in the middle of being compacted', async () => {
    const storage = open();
    await storage.write([['a', '1']]);
    await storage.close();
    await appendFile(`${log()}.new`, 'half of it');
    expect(await contents()).toEqual({ a: '1' });
  });

  test('serves calls in their order, though nobody awaits them', async () => {
    const storage = open();
    const written = storage.write([['a', '1']]);
    const first = storage.get('a');
    const removed = storage.write([['a', null]]);
    expect([await first, await storage.get('a')]).toEqual(['1', null]);
    await Promise.all([written, removed]);
    await storage.close();
  });

  test('is used by one client at a time; another one is told so and can write nothing', async () => {
    const first = open();
    await first.write([['a', '1']]);
    const second = open();
    await expect(second.write([['a', '2']])).rejects.toThrow('in use');
    await expect(second.get('a')).rejects.toThrow('in use');
    await second.close();
    await first.close();
    expect(await contents()).toEqual({ a: '1' });
  });

  test('refuses a folder that a living process has, and takes it over from a dead one', async () => {
    await writeFile(join(folder, 'lock'), String(process.ppid));
    await expect(open().get('a')).rejects.toThrow(`held by process ${process.ppid}`);
    await writeFile(join(folder, 'lock'), '999999999');
    expect(await contents()).toEqual({});
    expect(await readdir(folder)).toEqual(['store.log']);
  });
});

test('each server has a folder of its own', async () => {
  const persistence = file(folder);
  const warn = (message: string): number => warnings.push(message);
  const stores = ['ws://a', 'ws://b'].map((name) => persistence.open(name, warn));
  await stores[0]!.saveWrite({ key: 'k', ackLevel: 'durable', steps: [{ method: 'remove', path: ['a'] }] });
  expect(await stores[1]!.loadWrites()).toEqual([]);
  await Promise.all(stores.map((store) => store.close()));
  expect(warnings).toEqual([]);
});
