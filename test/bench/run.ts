/** The benchmark: `npm run bench -- [ROW...] [--quick] [--json FILE] [--dir FOLDER]`. Prints one table. */
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { gcOnSignalOptions } from '../harness/measure.js';
import { isMet, type Line, type Row, ratioOf } from './row.js';
import { cluster } from './rows/cluster.js';
import { durableLatency } from './rows/durable-latency.js';
import { fanOutPaced } from './rows/fan-out-paced.js';
import { fanOutSaturated } from './rows/fan-out-saturated.js';
import { http } from './rows/http.js';
import { idleMemory } from './rows/idle-memory.js';
import { lastFifty } from './rows/last-fifty.js';
import { leafCount } from './rows/leaf-count.js';
import { rulesAgainstTargaryen } from './rows/rules.js';
import { sdk } from './rows/sdk.js';
import { startUp } from './rows/start-up.js';
import { streamJson } from './rows/stream-json.js';
import { unrelatedListens } from './rows/unrelated-listens.js';
import { writesApplied, writesDurable } from './rows/writes.js';
import { formatTable } from './table.js';
import { Workspace } from './workspace.js';

const ROWS: readonly Row[] = [
  fanOutSaturated,
  fanOutPaced,
  writesApplied,
  writesDurable,
  durableLatency,
  idleMemory,
  leafCount,
  unrelatedListens,
  lastFifty,
  streamJson,
  startUp,
  rulesAgainstTargaryen,
  sdk,
  http,
  cluster,
];

const HELP = `Usage: npm run bench -- [ROW...] [options]

Measures the server and, in the same run and in turns with it, a bare reference for each row.

Options:
  --quick       a few seconds per row; the figures are rough
  --json FILE   also writes the lines as JSON
  --dir FOLDER  where data folders are made (default: the system's temporary folder)
  --help        this text

Rows:
${ROWS.map(({ name, summary }) => `  ${name.padEnd(20)} ${summary}`).join('\n')}
`;

class UsageError extends Error {}

interface Command {
  readonly rows: readonly Row[];
  readonly quick: boolean;
  readonly folder: string;
  readonly json: string | undefined;
}

function parseCommand(): Command | 'help' {
  const { values, positionals } = parseArguments();
  if (values.help) return 'help';
  const unknown = positionals.find((name) => !ROWS.some((row) => row.name === name));
  if (unknown !== undefined) throw new UsageError(`no such row: ${unknown}`);
  return {
    rows: positionals.length === 0 ? ROWS : ROWS.filter(({ name }) => positionals.includes(name)),
    quick: values.quick,
    folder: values.dir,
    json: values.json,
  };
}

function parseArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        dir: { type: 'string', default: tmpdir() },
        json: { type: 'string' },
      },
    });
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

/** A row that cannot run is a line of the table too, so that the others are still seen. */
async function runRow(row: Row, workspace: Workspace): Promise<{ lines: Line[]; failed: boolean }> {
  const start = performance.now();
  process.stderr.write(`${row.name} …\n`);
  try {
    const lines = await row.run(workspace);
    process.stderr.write(`${row.name}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
    return { lines, failed: false };
  } catch (error) {
    const note = `failed: ${describe(error as Error)}`;
    process.stderr.write(`${row.name} ${note}\n`);
    const line = { title: row.name, unit: '', ours: null, reference: null, referenceName: '', goal: null, note };
    return { lines: [line], failed: true };
  }
}

function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${describe(error.cause)}` : error.message;
}

async function run(command: Command): Promise<number> {
  const log = (text: string): boolean => process.stderr.write(`${text}\n`);
  // Every process that is started from here on, ours and references alike, collects its garbage on demand.
  process.env.NODE_OPTIONS = gcOnSignalOptions();
  const workspace = await Workspace.create({ folder: command.folder, quick: command.quick, log });
  const results: { lines: Line[]; failed: boolean }[] = [];
  try {
    for (const row of command.rows) results.push(await runRow(row, workspace));
  } finally {
    await workspace.remove();
  }
  const lines = results.flatMap((result) => result.lines);
  console.log(formatTable(lines));
  if (command.json !== undefined) {
    const data = lines.map((line) => ({ ...line, ratio: ratioOf(line), met: isMet(line) }));
    await writeFile(command.json, `${JSON.stringify(data, null, 2)}\n`);
  }
  return results.some((result) => result.failed) ? 1 : 0;
}

try {
  const command = parseCommand();
  if (command === 'help') console.log(HELP);
  else process.exitCode = await run(command);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${HELP}`);
  process.exitCode = 2;
}
