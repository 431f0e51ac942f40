import { parseArgs } from 'node:util';
import { Random } from './random.js';
import { type ScaleOptions, type ScaleReport, simulate } from './scale/simulation.js';

const DEFAULTS = {
  databases: 1_000,
  nodes: 50,
  copies: 3,
  days: 365,
  'mean-days-to-failure': 10,
  'mean-minutes-to-return': 15,
  'rack-size': 5,
  'rack-failures': 0.02,
  'lost-disks': 0.1,
  skew: 0.8,
  'largest-leaves': 20_000_000,
  'restore-rate': 100_000,
  'catch-up-seconds': 10,
  'max-share': 0.25,
  seed: 1,
} as const;

type Flag = keyof typeof DEFAULTS;

const HELP = `Simulates many databases on many nodes that fail and return, and tells what clients would notice.

  node --import tsx --conditions=source test/load/scale.ts [--FLAG NUMBER …]

${Object.entries(DEFAULTS)
  .map(([flag, value]) => `  --${flag.padEnd(24)} ${value}`)
  .join('\n')}
`;

function optionsFrom(values: Readonly<Record<Flag, number>>): ScaleOptions {
  const random = new Random(values.seed);
  return {
    databases: values.databases,
    nodes: values.nodes,
    copies: values.copies,
    days: values.days,
    meanTimeToFailure: values['mean-days-to-failure'] * 86_400,
    meanTimeToReturn: values['mean-minutes-to-return'] * 60,
    rackSize: values['rack-size'],
    rackFailures: values['rack-failures'],
    lostDisks: values['lost-disks'],
    skew: values.skew,
    largestLeaves: values['largest-leaves'],
    restoreRate: values['restore-rate'],
    catchUpTime: values['catch-up-seconds'],
    maxShare: values['max-share'],
    random: () => random.next(),
  };
}

function readFlags(): Record<Flag, number> | null {
  const flags = Object.fromEntries(Object.keys(DEFAULTS).map((flag) => [flag, { type: 'string' as const }]));
  const { help, ...values } = parseArgs({ options: { ...flags, help: { type: 'boolean' } } }).values;
  if (help === true) return null;
  const given: Readonly<Record<string, unknown>> = values;
  const numbers = Object.entries(DEFAULTS).map(([flag, value]) => [flag, numberOf(flag, given[flag], value)]);
  return Object.fromEntries(numbers) as Record<Flag, number>;
}

function numberOf(flag: string, text: unknown, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value >= 0)) throw new Error(`--${flag} must be a number of at least 0`);
  return value;
}

function print(report: ScaleReport): void {
  const lines: [string, string][] = [
    ['failures of nodes', String(report.failures)],
    ['copies per node', report.copiesPerNode.toFixed(1)],
    ['copies of the hottest database', String(report.hottestCopies)],
    ['not served, part of all load', report.unavailable.toExponential(2)],
    ['longest time without any copy', `${report.longestOutage.toFixed(0)} s`],
    [
      'copies restored from a checkpoint',
      `${report.restores} (${(report.restoredLeaves / 1e6).toFixed(0)} million leaves)`,
    ],
    ['longest time with a copy missing', `${report.longestRestore.toFixed(0)} s`],
    ['busiest node over the average, mean', report.meanPeakLoad.toFixed(2)],
    ['busiest node over the average, worst', report.worstPeakLoad.toFixed(2)],
  ];
  for (const [name, value] of lines) process.stdout.write(`${name.padEnd(40)} ${value}\n`);
}

const flags = readFlags();
if (flags === null) process.stdout.write(HELP);
else print(simulate(optionsFrom(flags)));
