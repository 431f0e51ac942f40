/** Prints what each entry takes in a browser, and ends with 1 if one takes more than it may. */
import { bundle } from './bundle.js';
import { inKilobytes } from './kilobytes.js';

interface Entry {
  readonly name: string;
  /** What an application imports. */
  readonly source: string;
  /** Without what the core has already, for those that are loaded beside it. */
  readonly besideCore: boolean;
  /** Minified and gzipped. */
  readonly limitKilobytes: number;
}

const CORE = `export * from './src/index.js';`;

const ENTRIES: readonly Entry[] = [
  { name: 'core, with its transport', source: CORE, besideCore: false, limitKilobytes: 20 },
  {
    name: 'one function of the core',
    source: `export { pathsOf } from './src/index.js';`,
    besideCore: false,
    limitKilobytes: 1.5,
  },
  { name: 'offline', source: `export * from './src/offline/index.js';`, besideCore: true, limitKilobytes: 8 },
  { name: 'auth', source: `export * from './src/auth/index.js';`, besideCore: true, limitKilobytes: 8 },
  { name: 'presence', source: `export * from './src/presence/index.js';`, besideCore: true, limitKilobytes: 4 },
  { name: 'react', source: `export * from './src/react/index.js';`, besideCore: true, limitKilobytes: 5 },
];

/** Whether the entry is within its limit; prints its line. */
async function report(entry: Entry, core: { minifiedBytes: number; gzippedBytes: number }): Promise<boolean> {
  const all = await bundle(entry.besideCore ? `${CORE}\n${entry.source}` : entry.source);
  const minified = all.minifiedBytes - (entry.besideCore ? core.minifiedBytes : 0);
  const gzipped = all.gzippedBytes - (entry.besideCore ? core.gzippedBytes : 0);
  const fits = gzipped <= entry.limitKilobytes * 1024;
  const columns = [
    `${entry.besideCore ? '+ ' : '  '}${entry.name}`.padEnd(28),
    inKilobytes(minified).padStart(9),
    inKilobytes(gzipped).padStart(9),
    `of ${entry.limitKilobytes} KB`.padStart(10),
  ];
  process.stdout.write(`${columns.join(' ')}${fits ? '' : '  too big'}\n`);
  return fits;
}

process.stdout.write(
  `${'  entry'.padEnd(28)} ${'minified'.padStart(9)} ${'gzipped'.padStart(9)} ${'allowed'.padStart(10)}\n`,
);
const core = await bundle(CORE);
const fits: boolean[] = [];
for (const entry of ENTRIES) fits.push(await report(entry, core));
process.exitCode = fits.includes(false) ? 1 : 0;
