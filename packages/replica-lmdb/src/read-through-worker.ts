import { BacksideError } from '@backside/protocol';
import { openAsItIs } from './environment.js';
import type { ReadThrough } from './read-through.js';
import { survey } from './survey.js';

/** The process that reads a folder through: one line of JSON says what it has found. Ends with 1 if it cannot open the folder. */
function readAll(directory: string): ReadThrough {
  try {
    return survey(openAsItIs(directory, 'reader'));
  } catch (error) {
    if (!(error instanceof BacksideError)) throw error;
    return { entries: 0, problem: error.message };
  }
}

try {
  process.stdout.write(`${JSON.stringify(readAll(process.argv[2]!))}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
