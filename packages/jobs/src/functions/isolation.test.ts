import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FunctionsFixture } from './testing/functions-fixture.js';

/** Marks each order, whatever happens around it. */
const GOOD = `export const mark = onCreate('/orders/{id}', (event, { database }) =>
  database.set('/marked/' + event.params.id, true));`;

interface Deed {
  /** Milliseconds; only for what would never end. */
  readonly timeoutMs?: number;
  readonly code: string;
  /** What the dead letter says of it. */
  readonly reason: string;
}

const DEEDS: Record<string, Deed> = {
  loop: { timeoutMs: 1500, code: 'for (;;) {}', reason: 'longer than 1500 ms' },
  wait: { timeoutMs: 1500, code: 'await new Promise(() => {});', reason: 'longer than 1500 ms' },
  memory: {
    code: 'const kept = []; for (;;) kept.push(new Array(10_000).fill(kept.length));',
    reason: 'its thread failed: Worker terminated due to reaching memory limit',
  },
  exit: { code: 'process.exit(3);', reason: 'ended with code 3' },
  throws: { code: "setTimeout(() => { throw new Error('from a timer'); });", reason: 'from a timer' },
  rejects: { code: "Promise.reject(new Error('nobody looks'));", reason: 'nobody looks' },
};

/** A function that does something terrible to each order, and an innocent one beside it in the same file. */
function fileOf({ code, timeoutMs = 60_000 }: Deed, name: string): string {
  return `
export const bad = onCreate('/orders/{id}', { attempts: 1, timeoutMs: ${timeoutMs} }, async () => {
  ${code}
  await new Promise(() => {});
});
export const innocent = onCreate('/orders/{id}', { attempts: 1 }, async (event, { database }) => {
  await new Promise((resolve) => setTimeout(resolve, 30));
  await database.set('/innocent/${name}', true);
});`;
}

describe('functions that misbehave', () => {
  let fixture: FunctionsFixture;
  beforeEach(async () => {
    fixture = await FunctionsFixture.create();
  });
  afterEach(() => fixture.close());

  it('stop no other file, are given up, and are not confused with what ran beside them', {
    timeout: 60_000,
  }, async () => {
    for (const [name, deed] of Object.entries(DEEDS)) await fixture.file(`${name}.js`, fileOf(deed, name));
    await fixture.file('good.js', GOOD);
    const functions = await fixture.start({ limits: { maxHeapMegabytes: 32 } });
    await fixture.write('/orders/a', 1);
    await fixture.until('/marked/a');
    await fixture.quiet();
    const names = Object.keys(DEEDS);
    expect(fixture.value('/innocent')).toEqual(Object.fromEntries(names.map((name) => [name, true])));
    const reasons = new Map(functions.deadLetters().map((letter) => [letter.function, letter.reason]));
    expect([...reasons.keys()].sort()).toEqual(names.map((name) => `${name}:bad`).sort());
    for (const [name, { reason }] of Object.entries(DEEDS)) expect(reasons.get(`${name}:bad`)).toContain(reason);
    await fixture.write('/orders/b', 1);
    await fixture.until('/marked/b');
  });

  it('do not keep others from being loaded, nor from running meanwhile', { timeout: 60_000 }, async () => {
    await fixture.file('good.js', GOOD);
    await fixture.start();
    await fixture.file('endless.js', 'for (;;) {}');
    await fixture.file('late.js', GOOD.replace('/marked/', '/late/'));
    const isLate = async (): Promise<boolean> => {
      await fixture.write(`/orders/${Date.now()}`, 1);
      return fixture.value('/late') !== null;
    };
    await expect.poll(isLate, { timeout: 25_000, interval: 100 }).toBe(true);
    await fixture.quiet();
    const keys = (path: string): string[] => Object.keys(fixture.value(path) as object);
    expect(keys('/marked')).toEqual(keys('/orders'));
  });
});
