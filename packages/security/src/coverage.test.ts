import { describe, expect, it } from 'vitest';
import { compileRules } from './compile-rules.js';
import { Coverage } from './coverage.js';
import { type CoverageReport, mergeCoverage } from './coverage-report.js';
import { formatCoverage } from './format-coverage.js';
import type { AuthValue, Rules } from './rules.js';
import { type SimulatedOperation, simulate } from './simulate.js';

const SOURCE = `{"rules": {
  "open": {".read": true},
  "rooms": {"$room": {
    ".read": "auth != null && (data.child('public').val() == true || auth.uid == $room)",
    ".write": "auth.n + 1 > 2"
  }}
}}`;

const ADA: AuthValue = { uid: 'ada', provider: 'password', token: {} };

function observed(rules: Rules, operations: readonly { auth: AuthValue; op: SimulatedOperation }[]): CoverageReport {
  const coverage = new Coverage();
  coverage.include(rules);
  rules.observe(coverage);
  const data = { rooms: { a: { public: true }, b: { public: false } } };
  for (const { auth, op } of operations) simulate(rules, { data, auth, now: 0, op });
  rules.observe(null);
  return coverage.report();
}

const read = (path: string): SimulatedOperation => ({ type: 'read', path });

const countsOf = (report: CoverageReport): unknown[] =>
  report.rules.flatMap(({ rulePath, counts, parts }) => [
    [rulePath, counts.true, counts.false, counts.error],
    ...parts.map((part) => [part.text, part.counts.true, part.counts.false, part.counts.error]),
  ]);

describe('coverage', () => {
  const rules = compileRules(SOURCE);

  it('counts how each rule and each boolean part of it comes out', () => {
    const report = observed(rules, [
      { auth: null, op: read('/rooms/a') },
      { auth: ADA, op: read('/rooms/a') },
      { auth: ADA, op: read('/rooms/b') },
      { auth: ADA, op: { type: 'write', path: '/rooms/b', value: 1 } },
      { auth: null, op: read('/open/x') },
    ]);
    expect(countsOf(report)).toEqual([
      ['/open/.read', 1, 0, 0],
      ['/rooms/$room/.read', 1, 2, 0],
      ['auth != null', 2, 1, 0],
      ["data.child('public').val() == true || auth.uid == $room", 1, 1, 0],
      ["data.child('public').val() == true", 1, 1, 0],
      ['auth.uid == $room', 0, 1, 0],
      ['/rooms/$room/.write', 0, 0, 1],
    ]);
  });

  it('knows where each part stands in the file', () => {
    const [, rule] = observed(rules, []).rules;
    expect([rule!.line, rule!.column]).toEqual([4, 14]);
    expect([rule!.parts[3]!.line, rule!.parts[3]!.column]).toEqual([4, 15 + rule!.source.indexOf('auth.uid')]);
  });

  it('includes rules that were never evaluated', () => {
    const { rules: reported } = observed(rules, []);
    expect(reported.map(({ rulePath }) => rulePath)).toEqual([
      '/open/.read',
      '/rooms/$room/.read',
      '/rooms/$room/.write',
    ]);
    expect(formatCoverage({ rules: reported })).toContain('0 of 3 rules were evaluated');
  });

  it('counts the decisions of live traffic as well', () => {
    const coverage = new Coverage();
    rules.observe(coverage);
    const root = { glance: () => null, children: () => [] };
    expect(rules.read({ auth: ADA, path: ['rooms', 'ada'], query: null, root, now: 0 })).toBe(true);
    rules.observe(null);
    rules.read({ auth: ADA, path: ['rooms', 'ada'], query: null, root, now: 0 });
    expect(countsOf(coverage.report())[0]).toEqual(['/rooms/$room/.read', 1, 0, 0]);
  });

  it('is added up over processes that loaded the same text', () => {
    const here = observed(rules, [{ auth: null, op: read('/rooms/a') }]);
    const there = observed(compileRules(SOURCE), [{ auth: ADA, op: read('/rooms/ada') }]);
    const sent = JSON.parse(JSON.stringify(there)) as CoverageReport;
    const both = observed(rules, [
      { auth: null, op: read('/rooms/a') },
      { auth: ADA, op: read('/rooms/ada') },
    ]);
    expect(mergeCoverage(here, sent)).toEqual(both);
    const coverage = new Coverage();
    coverage.merge(here);
    coverage.merge(sent);
    expect(coverage.report()).toEqual(both);
  });

  it('keeps rules apart that share a path but not their text', () => {
    const other = compileRules('{"rules": {"open": {".read": "auth == null"}}}');
    const merged = mergeCoverage(observed(rules, []), observed(other, [{ auth: null, op: read('/open') }]));
    const open = merged.rules.filter(({ rulePath }) => rulePath === '/open/.read');
    expect(open.map(({ source, counts }) => [source, counts.true])).toEqual([
      ['true', 0],
      ['auth == null', 1],
    ]);
  });

  it('reads well', () => {
    const report = observed(rules, [
      { auth: null, op: read('/rooms/a') },
      { auth: ADA, op: read('/rooms/a') },
    ]);
    expect(formatCoverage(report).split('\n')).toEqual([
      '/open/.read (2:21): never evaluated',
      '/rooms/$room/.read (4:14): true 1, false 1',
      "  4:32 data.child('public').val() == true || auth.uid == $room: true 1, false 0 - never false",
      "  4:32 data.child('public').val() == true: true 1, false 0 - never false",
      '  4:70 auth.uid == $room: never evaluated',
      '/rooms/$room/.write (5:15): never evaluated',
      '',
      '1 of 3 rules were evaluated; of 7 expressions, 3 were never true and 5 never false',
    ]);
  });
});
