import { readFileSync } from 'node:fs';
import { TreeError } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import { type RuleCase, runRuleCases } from './cases.js';
import { compileRules } from './compile-rules.js';
import { READERS } from './testing/readers.js';
import { type Read, readCheckOf, writeCheckOf } from './testing/world.js';

const cases = JSON.parse(readFileSync(new URL('../vectors/rules.json', import.meta.url), 'utf8')) as RuleCase[];

describe('explained', () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', (_name, each) => {
    const [outcome] = runRuleCases([each]);
    expect(outcome, outcome?.explanation ?? '').toMatchObject({ actual: each.expect });
  });
});

describe.each(READERS)('decided on %s', (_reader, read) => {
  const loadable = cases.filter(({ expect: expected }) => expected !== 'loaderror');
  it.each(loadable.map((each) => [each.name, each] as const))('%s', (_name, each) => {
    expect(decide(each, read)).toBe(each.expect === 'allow');
  });
});

function decide(each: RuleCase, read: Read): boolean {
  const rules = compileRules(typeof each.rules === 'string' ? each.rules : JSON.stringify(each.rules));
  if (each.op.type === 'read') {
    const check = readCheckOf(each, read);
    const { allowed } = rules.readWithBasis(check);
    expect(rules.read(check)).toBe(allowed);
    return allowed;
  }
  try {
    return rules.write(writeCheckOf(each, read));
  } catch (error) {
    if (error instanceof TreeError) return false;
    throw error;
  }
}
