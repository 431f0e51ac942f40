import type { PresentNode } from '@backside/tree';
import { expect, it } from 'vitest';
import { BucketedChildren } from './bucketed-children.js';

type Children = ReadonlyMap<string, PresentNode>;

function sorted(children: Children): [string, PresentNode][] {
  return [...children].sort(([a], [b]) => (a < b ? -1 : 1));
}

it('holds what a map would while it grows from nothing to thousands and shrinks again', () => {
  let ours: Children = new Map();
  const expected = new Map<string, PresentNode>();
  const change = (key: string, child: PresentNode | null): void => {
    ours = BucketedChildren.replace(ours, key, child);
    if (child === null) expected.delete(key);
    else expected.set(key, child);
  };
  for (let index = 0; index < 3_000; index += 1) {
    change(`-key${index}`, index);
    if (index % 3 === 0) change(`-key${index >> 1}`, 'changed');
    if (index % 5 === 0) change(`-key${index >> 2}`, null);
    change('-absent', null);
  }
  expect(ours).toBeInstanceOf(BucketedChildren);
  expect(sorted(ours)).toEqual(sorted(expected));
  expect(ours.size).toBe(expected.size);
  for (let index = 0; index < 3_000; index += 1) change(`-key${index}`, null);
  expect([ours.size, ours.get('-key1'), ours.has('-key1'), [...ours.keys()]]).toEqual([0, undefined, false, []]);
});

it('leaves those that it was made of as they were', () => {
  const first: Children = new Map(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, index]));
  const second = BucketedChildren.replace(first, 'k1', 'x');
  const third = BucketedChildren.replace(second, 'k1', null);
  expect([first.get('k1'), second.get('k1'), third.get('k1')]).toEqual([1, 'x', undefined]);
  expect([first.size, second.size, third.size]).toEqual([1_000, 1_000, 999]);
});

it('copies little of many children when one changes', () => {
  let children: Children = new Map(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, index]));
  const began = performance.now();
  children = BucketedChildren.replace(children, 'k0', -1);
  const whole = performance.now() - began;
  const after = performance.now();
  for (let index = 0; index < 100; index += 1) children = BucketedChildren.replace(children, `k${index}`, -index);
  expect((performance.now() - after) / 100).toBeLessThan(whole / 4);
});
