import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FunctionsFixture } from './testing/functions-fixture.js';

const marking = (mark: string): string =>
  `export const mark = onCreate('/orders/{id}', ({ params }, { database }) => database.set('/marked/' + params.id, ${mark}));`;

describe('the directory of functions', () => {
  let fixture: FunctionsFixture;
  beforeEach(async () => {
    fixture = await FunctionsFixture.create();
  });
  afterEach(() => fixture.close());

  /** Creates orders until one is marked as wanted: what has changed on disk is noticed a little later. */
  async function untilMarked(mark: unknown): Promise<void> {
    for (let n = 0; n < 200; n++) {
      await fixture.write(`/orders/n${n}-${String(mark)}`, 1);
      await fixture.quiet();
      if (Object.values(Object(fixture.value('/marked'))).includes(mark)) return;
    }
    throw new Error(fixture.logs.join('\n'));
  }

  it('is followed: new files, changed files, and files that others import', { timeout: 60_000 }, async () => {
    const functions = await fixture.start();
    expect(functions.status()).toEqual([]);
    await fixture.file('marks.js', marking("'first'"));
    await untilMarked('first');
    await fixture.file('marks.js', `import { mark as text } from './_text.js';\n${marking('text')}`);
    await writeFile(join(fixture.directory, '_text.js'), "export const mark = 'second';");
    await untilMarked('second');
    await writeFile(join(fixture.directory, '_text.js'), "export const mark = 'third';");
    await untilMarked('third');
  });

  it('keeps the last version that could be loaded, and names what is wrong', { timeout: 60_000 }, async () => {
    await fixture.file('marks.js', marking('1'));
    await fixture.start();
    await fixture.file('marks.js', 'this is no JavaScript');
    await expect.poll(() => fixture.logs.join(), { timeout: 20_000 }).toContain('SyntaxError');
    await untilMarked(1);
    await fixture.file('marks.js', "export const mark = onCreate('/orders/{id}/{id}', () => {});");
    await expect.poll(() => fixture.logs.join(), { timeout: 20_000 }).toContain('{id} stands in it twice');
    await untilMarked(1);
  });

  it('runs what happened while a file could not be loaded once it can, and forgets a file that is gone', {
    timeout: 60_000,
  }, async () => {
    await fixture.file('marks.js', marking('1'));
    await fixture.start();
    await fixture.stop();
    await fixture.file('marks.js', 'export const x = ;');
    await fixture.write('/orders/a', 1);
    const functions = await fixture.start();
    await fixture.write('/orders/b', 1);
    expect(functions.status()).toEqual([]);
    await fixture.file('marks.js', marking('2'));
    expect(await fixture.until('/marked', (marked) => Object.keys(Object(marked)).length === 2)).toEqual({
      a: 2,
      b: 2,
    });
    await fixture.remove('marks.js');
    await expect.poll(() => functions.status(), { timeout: 20_000 }).toEqual([]);
    await fixture.write('/orders/c', 1);
    await fixture.quiet();
    expect(fixture.value('/marked')).toEqual({ a: 2, b: 2 });
  });

  it('must be there', async () => {
    await expect(fixture.start({ directory: join(fixture.directory, 'missing') })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
