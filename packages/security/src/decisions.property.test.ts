import { applyChanges, type Node, nodeReader } from '@backside/tree';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRules } from './compile-rules.js';
import { RulesError } from './problem.js';
import type { Rules } from './rules.js';
import * as any from './testing/arbitraries.js';
import { READERS } from './testing/readers.js';
import { mayRead, mayWrite } from './testing/reference-decisions.js';

const NOW = 1_700_000_000_000;

/** A rules file in which rules stand at up to three levels, literals beside wildcards. */
function rulesText(kinds: readonly string[]): fc.Arbitrary<string> {
  const level = (depth: number, wildcards: readonly string[]): fc.Arbitrary<Map<string, unknown>> => {
    const snapshots = kinds.includes('.read') ? ['data'] : ['data', 'newData'];
    const rule = fc.oneof(fc.boolean(), any.expression({ snapshots, wildcards }));
    const rules = fc.array(fc.tuple(fc.constantFrom(...kinds), rule), { maxLength: kinds.length });
    if (depth === 3) return rules.map((own) => new Map(own));
    const literals = fc.array(fc.tuple(any.key, level(depth + 1, wildcards)), { maxLength: 2 });
    const name = `$k${depth}`;
    const wildcard = fc.option(level(depth + 1, [...wildcards, name]));
    return fc
      .tuple(rules, literals, wildcard)
      .map(
        ([own, named, other]) =>
          new Map<string, unknown>([...own, ...named, ...(other ? [[name, other] as const] : [])]),
      );
  };
  return level(0, []).map((rules) => `{"rules": ${textOf(rules)}}`);
}

function textOf(value: unknown): string {
  if (!(value instanceof Map)) return JSON.stringify(value);
  return `{${[...value].map(([key, entry]) => `${JSON.stringify(key)}: ${textOf(entry)}`).join(', ')}}`;
}

/** Null for the few files that are not well typed. */
function load(text: string): Rules | null {
  try {
    return compileRules(text);
  } catch (error) {
    expect(error).toBeInstanceOf(RulesError);
    return null;
  }
}

describe.each(READERS)('on %s', (_name, read) => {
  it('a read is decided as the definition says, with and without its basis, and explained alike', () => {
    fc.assert(
      fc.property(rulesText(['.read']), any.path, any.node, any.auth, (text, path, before, auth) => {
        const rules = load(text);
        if (rules === null) return;
        const check = { auth, path, query: null, root: read(before), now: NOW };
        const expected = mayRead(rules.root, path, { auth, now: NOW, before });
        expect(rules.read(check)).toBe(expected);
        expect(rules.readWithBasis(check).allowed).toBe(expected);
        expect(rules.explainRead(check).allowed).toBe(expected);
      }),
      { numRuns: 600 },
    );
  });

  it('a write is decided as the definition says, and explained alike', () => {
    fc.assert(
      fc.property(
        rulesText(['.write', '.validate']),
        any.changes,
        any.node,
        any.auth,
        (text, changes, before, auth) => {
          const rules = load(text);
          if (rules === null) return;
          const after = read(applyChanges(before, changes));
          const check = { auth, changes, before: read(before), after, now: NOW };
          const expected = mayWrite(rules.root, changes, { auth, now: NOW, before });
          expect(rules.write(check)).toBe(expected);
          expect(rules.explainWrite(check).allowed).toBe(expected);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

it('the files that these tests make are nearly all well typed, and decide either way', () => {
  const texts = fc.sample(rulesText(['.write', '.validate']), { numRuns: 300, seed: 1 });
  const loaded = texts.map(load).filter((rules) => rules !== null);
  expect(loaded.length).toBeGreaterThan(200);
  const trees = fc.sample(any.node, { numRuns: loaded.length, seed: 2 });
  const verdicts = loaded.map((rules, i) => writes(rules, trees[i] as Node));
  expect(verdicts.filter(Boolean).length).toBeGreaterThan(30);
  expect(verdicts.filter((verdict) => !verdict).length).toBeGreaterThan(30);
});

function writes(rules: Rules, value: Node): boolean {
  const changes = [{ path: ['a'], value }];
  const after = nodeReader(applyChanges(null, changes));
  return rules.write({ auth: null, changes, before: nodeReader(null), after, now: NOW });
}

it('as long as nothing at, above or below the basis changes, a read is decided the same', () => {
  let kept = 0;
  fc.assert(
    fc.property(
      rulesText(['.read']),
      fc.record({ path: any.path, before: any.node, changes: any.changes, first: any.auth, second: any.auth }),
      (text, { path, before, changes, first, second }) => {
        const rules = load(text);
        if (rules === null) return;
        const common = { path, query: null };
        const { allowed, basis } = rules.readWithBasis({ ...common, auth: first, root: nodeReader(before), now: NOW });
        if (changes.some((change) => basis.paths.some((seen) => related(seen, change.path)))) return;
        kept++;
        const root = nodeReader(applyChanges(before, changes));
        const auth = basis.usesAuth ? first : second;
        expect(rules.read({ ...common, auth, root, now: basis.usesNow ? NOW : 5 })).toBe(allowed);
      },
    ),
    { numRuns: 1500 },
  );
  expect(kept).toBeGreaterThan(100);
});

function related(a: readonly string[], b: readonly string[]): boolean {
  const target = b.at(-1) === '.priority' ? b.slice(0, -1) : b;
  return a.every((key, i) => i >= target.length || target[i] === key);
}
