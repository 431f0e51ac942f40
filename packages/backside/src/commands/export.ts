import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HEADERS } from '@backside/protocol';
import { formatPath, type Path } from '@backside/tree';
import { readOnce } from '../client/read-once.js';
import { STORE_OPTIONS, type StoreConfig, storeConfigOf } from '../config/node-options.js';
import { choice, type OptionTable, requiredText, text } from '../config/option.js';
import { DATA_OPTION, SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { resolveSettings } from '../config/setting.js';
import { createProgress } from '../transfer/progress.js';
import { openSnapshot } from '../transfer/snapshot.js';
import { writeWholeFile } from '../transfer/whole-file.js';
import { CLIENT_OPTIONS, withClient } from './client-options.js';
import { type Command, defineCommand, type Io } from './command.js';
import { pathArgument } from './path-argument.js';

/** Where an export reads from and an import writes to. */
export interface TransferConfig extends StoreConfig {
  readonly data: string;
  readonly url: string | null;
  readonly database: string | null;
  readonly token: string | null;
}

interface ExportConfig extends TransferConfig {
  readonly output: string;
  readonly format: 'val' | 'export';
}

export const TRANSFER_OPTIONS: OptionTable<TransferConfig> = {
  data: DATA_OPTION,
  ...STORE_OPTIONS,
  url: text({
    group: 'Server',
    placeholder: 'URL',
    description: 'A running server to talk to instead of the data folder: stomp://, stomps://, ws:// or wss://.',
  }),
  database: text({
    group: 'Storage',
    placeholder: 'NAME',
    description: "The database; the server's first one, or the one named default of the store, if not given.",
  }),
  token: CLIENT_OPTIONS.token,
};

export const exportCommand: Command = defineCommand<ExportConfig>({
  name: 'export',
  positionals: ['[PATH]'],
  summary: 'Writes the data at a path (default: everything) as JSON.',
  details:
    'Reads the store, also while servers run on it, and writes one consistent state of any size. With --url it asks a\n' +
    'server, which answers with at most what its maxSnapshotBytes allows.',
  options: {
    ...TRANSFER_OPTIONS,
    output: requiredText({
      group: 'Output',
      default: '-',
      placeholder: 'FILE',
      description: 'The file to write, complete or not at all; `-` is standard output.',
    }),
    format: choice(['export', 'val'], {
      group: 'Output',
      default: 'export',
      description: '`export` holds everything, `val` leaves priorities out.',
    }),
  },
  run: async ({ effective: { values }, positionals, io }) => {
    const path = pathArgument(positionals[0] ?? '/');
    const chunks = values.url === null ? storeChunks(values, path) : serverChunks(values, values.url, path);
    await writeOutput(counted(chunks, io), values.output, io.stdout);
    return 0;
  },
});

async function* storeChunks(config: ExportConfig, path: Path): AsyncGenerator<Uint8Array> {
  const { format, data } = config;
  const defaults = resolveSettings<ServerConfig>(SERVER_OPTIONS, []).values;
  const database = config.database ?? defaults.databases[0]!;
  const snapshot = await openSnapshot({ ...defaults, ...storeConfigOf(config), data }, database);
  try {
    yield* snapshot.streamJson(path, format);
  } finally {
    await snapshot.close();
  }
}

async function* serverChunks(config: ExportConfig, url: string, path: Path): AsyncGenerator<Uint8Array> {
  const { database, token, format } = config;
  const message = await withClient({ url, database, token }, (client) =>
    readOnce(client, formatPath(path), [[HEADERS.format, format]]),
  );
  yield Buffer.from(message.body);
}

/** Shows how much has passed, and ends the text with a line end. */
async function* counted(chunks: AsyncIterable<Uint8Array>, io: Io): AsyncGenerator<Uint8Array> {
  const progress = createProgress(io.stderr, 'exported', null);
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      yield chunk;
      bytes += chunk.length;
      progress.advance(bytes);
    }
    yield Buffer.from('\n');
  } finally {
    progress.end();
  }
}

function writeOutput(chunks: AsyncIterable<Uint8Array>, output: string, stdout: Writable): Promise<void> {
  if (output !== '-') return writeWholeFile(output, chunks);
  return pipeline(Readable.from(chunks), stdout, { end: false });
}
