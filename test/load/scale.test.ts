import { describe, expect, it } from 'vitest';
import { Random } from './random.js';
import { place } from './scale/rendezvous.js';
import { type ScaleOptions, simulate } from './scale/simulation.js';

const NODES = Array.from({ length: 50 }, (_, node) => ({ name: `node-${node}`, weight: 1 }));
const NAMES = Array.from({ length: 1_000 }, (_, index) => `database-${index}`);

function run(changed: Partial<ScaleOptions> = {}): ReturnType<typeof simulate> {
  const random = new Random(7);
  return simulate({
    databases: 1_000,
    nodes: 50,
    copies: 3,
    days: 20,
    meanTimeToFailure: 2 * 86_400,
    meanTimeToReturn: 900,
    rackSize: 5,
    rackFailures: 0,
    lostDisks: 0.1,
    skew: 0.8,
    largestLeaves: 20_000_000,
    restoreRate: 100_000,
    catchUpTime: 10,
    maxShare: 0.25,
    random: () => random.next(),
    ...changed,
  });
}

describe('the placement of databases on nodes', () => {
  it('gives every node about its share', () => {
    const counts = new Map<string, number>();
    for (const name of NAMES) {
      for (const node of place(name, NODES, 3)) counts.set(node.name, (counts.get(node.name) ?? 0) + 1);
    }
    const sizes = NODES.map(({ name }) => counts.get(name) ?? 0);
    expect(Math.min(...sizes)).toBeGreaterThan(30);
    expect(Math.max(...sizes)).toBeLessThan(95);
  });

  it('gives a node of twice the weight about twice as much', () => {
    const nodes = [{ name: 'large', weight: 2 }, ...NODES.slice(0, 9)];
    const won = NAMES.filter((name) => place(name, nodes, 1)[0]!.name === 'large').length;
    expect(won / NAMES.length).toBeGreaterThan(0.14);
    expect(won / NAMES.length).toBeLessThan(0.23);
  });

  it('moves only what a node that goes had', () => {
    const without = NODES.filter(({ name }) => name !== 'node-7');
    for (const name of NAMES) {
      const before = place(name, NODES, 3).map((node) => node.name);
      const after = place(name, without, 3).map((node) => node.name);
      expect(after).toEqual(expect.arrayContaining(before.filter((node) => node !== 'node-7')));
    }
  });
});

describe('a year of failing nodes, in short', () => {
  it('is the same for the same seed', () => {
    expect(run()).toEqual(run());
  });

  it('interrupts clients of three copies far less than those of one', () => {
    const [one, three] = [run({ copies: 1, maxShare: 100 }), run()];
    expect(one.failures).toBeGreaterThan(300);
    expect(one.unavailable).toBeGreaterThan(1e-5);
    expect(three.unavailable).toBeLessThan(one.unavailable / 100);
  });

  it('makes lost copies again, the sooner the faster a node restores', () => {
    const [slow, fast] = [run({ restoreRate: 20_000 }), run({ restoreRate: 200_000 })];
    expect(slow.restores).toBeGreaterThan(100);
    expect(fast.longestRestore).toBeLessThan(slow.longestRestore / 2);
  });

  it('spreads a hot database over more nodes, and so the load of the busiest', () => {
    const [fixed, spread] = [run({ skew: 1.1, maxShare: 100 }), run({ skew: 1.1 })];
    expect(spread.hottestCopies).toBeGreaterThan(fixed.hottestCopies);
    expect(spread.meanPeakLoad).toBeLessThan(fixed.meanPeakLoad);
  });

  it('notices when everything fails together', () => {
    const report = run({ rackSize: 50, rackFailures: 0.02 });
    expect(report.longestOutage).toBeGreaterThan(10);
    expect(report.unavailable).toBeGreaterThan(1e-5);
  });
});
