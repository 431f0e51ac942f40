import { type Bundle, bundle } from './bundle.js';

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

/** What one entry takes in a browser. */
export interface EntrySize {
  readonly entry: Entry;
  readonly minifiedBytes: number;
  readonly gzippedBytes: number;
  readonly fits: boolean;
}

/** All entries, as they are on disk now. */
export async function entrySizes(): Promise<EntrySize[]> {
  const core = await bundle(CORE);
  return Promise.all(ENTRIES.map((entry) => sizeOf(entry, core)));
}

async function sizeOf(entry: Entry, core: Bundle): Promise<EntrySize> {
  const all = await bundle(entry.besideCore ? `${CORE}\n${entry.source}` : entry.source);
  const minifiedBytes = all.minifiedBytes - (entry.besideCore ? core.minifiedBytes : 0);
  const gzippedBytes = all.gzippedBytes - (entry.besideCore ? core.gzippedBytes : 0);
  return { entry, minifiedBytes, gzippedBytes, fits: gzippedBytes <= entry.limitKilobytes * 1024 };
}
