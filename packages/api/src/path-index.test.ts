import { isPrefix, parsePath } from '@backside/tree';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PathIndex } from './path-index.js';

interface Item {
  readonly name: string;
}

const item = (name: string): Item => ({ name });

function names(items: Iterable<Item>): string[] {
  return [...items].map(({ name }) => name).sort();
}

function indexOf(...paths: string[]): PathIndex<Item> {
  const index = new PathIndex<Item>();
  for (const path of paths) index.add(parsePath(path), item(path));
  return index;
}

describe('a path index', () => {
  it('finds what is at, above and below a path, and nothing beside it', () => {
    const index = indexOf('/', '/a', '/a/b', '/a/b/c', '/a/bc', '/b');
    const found = new Set<Item>();
    index.collect(['a', 'b'], found);
    expect(names(found)).toEqual(['/', '/a', '/a/b', '/a/b/c']);
  });

  it('asks about what is below only', () => {
    const index = indexOf('/', '/a', '/a/b');
    const found = new Set<Item>();
    index.collect(['a'], found, () => false);
    expect(names(found)).toEqual(['/', '/a']);
  });

  it('keeps each pair of path and item once', () => {
    const index = new PathIndex<Item>();
    const [one, two] = [item('one'), item('two')];
    for (const each of [one, one, two, two]) index.add(['a'], each);
    expect([index.size, names(index.at(['a']))]).toEqual([2, ['one', 'two']]);
    for (const each of [one, one, two]) index.delete(['a'], each);
    expect([index.size, names(index.all())]).toEqual([0, []]);
  });

  it('takes keys that every object has for ordinary ones', () => {
    const index = indexOf('/__proto__', '/constructor/toString');
    expect(names(index.at(['__proto__']))).toEqual(['/__proto__']);
    expect(names(index.at(['hasOwnProperty']))).toEqual([]);
  });

  it('agrees with a plain list of pairs, whatever comes and goes', () => {
    const path = fc.array(fc.constantFrom('a', 'b', '__proto__'), { maxLength: 3 });
    const items = [item('x'), item('y'), item('z')];
    const step = fc.record({ path, item: fc.constantFrom(...items), add: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), path, (steps, at) => {
        const index = new PathIndex<Item>();
        let pairs: { path: string[]; item: Item }[] = [];
        for (const { path, item, add } of steps) {
          pairs = pairs.filter((pair) => pair.item !== item || pair.path.join('/') !== path.join('/'));
          if (add) pairs.push({ path, item });
          if (add) index.add(path, item);
          else index.delete(path, item);
        }
        const found = new Set<Item>();
        index.collect(at, found);
        const touching = pairs.filter(({ path }) => isPrefix(path, at) || isPrefix(at, path));
        expect(names(found)).toEqual(names(new Set(touching.map(({ item }) => item))));
        expect(names(index.all())).toEqual(names(pairs.map(({ item }) => item)));
        expect(index.size).toBe(pairs.length);
      }),
    );
  });
});
