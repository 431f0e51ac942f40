import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contents, TestDirectory } from './test-directory.js';

const CHILD = fileURLToPath(new URL('./kill.child.ts', import.meta.url));
const LOADER = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const ROUNDS = 20;

describe('file journal under kill -9', () => {
  let directory: TestDirectory;
  beforeEach(async () => {
    directory = await TestDirectory.create();
  });
  afterEach(async () => {
    await directory.remove();
  });

  it('has every commit that was acknowledged, in every one of many rounds', { timeout: 120_000 }, async () => {
    let before = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const acknowledged = await appendUntilKilled(directory.journalPath, 3 + ((round * 37) % 90));
      const journal = await directory.open({ segmentBytes: 64 * 1024 });
      const head = await journal.head();
      expect(acknowledged).toBeGreaterThan(before);
      expect(head).toBeGreaterThanOrEqual(acknowledged);
      const expected = Array.from(
        { length: head - before },
        (_, index) => `${before + index + 1}:${'v'.repeat((before + index) % 300)}`,
      );
      expect(await contents(journal, before)).toEqual(expected);
      before = head;
      await journal.close();
    }
    const journal = await directory.open();
    expect((await contents(journal)).length).toBe(before);
  });
});

/** Kills a process in the middle of appending once it has acknowledged something `times` times; returns the last revision. */
async function appendUntilKilled(directory: string, times: number): Promise<number> {
  const child = spawn(process.execPath, ['--conditions=source', '--import', LOADER, CHILD, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.split('\n').length > times) child.kill('SIGKILL');
  }
  await closed;
  expect(child.signalCode).toBe('SIGKILL');
  return Number(output.split('\n').at(-2));
}
