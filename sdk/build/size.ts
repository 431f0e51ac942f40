/** Prints what each entry takes in a browser, and ends with 1 if one takes more than it may. */
import { type EntrySize, entrySizes } from './entry-sizes.js';
import { inKilobytes } from './kilobytes.js';

function line(columns: readonly [string, string, string, string]): string {
  const [name, ...numbers] = columns;
  return [name.padEnd(28), ...numbers.map((column) => column.padStart(10))].join(' ');
}

function row({ entry, minifiedBytes, gzippedBytes, fits }: EntrySize): string {
  const name = `${entry.besideCore ? '+' : ' '} ${entry.name}`;
  const limit = `of ${entry.limitKilobytes} KB`;
  return line([name, inKilobytes(minifiedBytes), inKilobytes(gzippedBytes), limit]) + (fits ? '' : '  too big');
}

const sizes = await entrySizes();
const table = [line(['  entry', 'minified', 'gzipped', 'allowed']), ...sizes.map(row)];
process.stdout.write(`${table.join('\n')}\n`);
if (sizes.some(({ fits }) => !fits)) process.exitCode = 1;
