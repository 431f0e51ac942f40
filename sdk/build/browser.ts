/** Makes `dist/backside.min.js`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { browserBundle } from './browser-bundle.js';
import { inKilobytes } from './kilobytes.js';

const FOLDER = new URL('../dist/', import.meta.url);

const { code, minifiedBytes, gzippedBytes } = await browserBundle();
await mkdir(FOLDER, { recursive: true });
await writeFile(new URL('backside.min.js', FOLDER), code);
process.stdout.write(
  `dist/backside.min.js: ${inKilobytes(minifiedBytes)} minified, ${inKilobytes(gzippedBytes)} gzipped\n`,
);
