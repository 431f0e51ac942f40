import { HEADERS } from '@backside/protocol';
import { formatPath } from '@backside/tree';
import type { Message } from '../client/stomp-client.js';
import { integer } from '../config/option.js';
import { CLIENT_OPTIONS, type ClientConfig, FORMAT_OPTION, withClient } from './client-options.js';
import { type Command, defineCommand, type Io } from './command.js';
import { QUERY_OPTION } from './get.js';
import { pathArgument } from './path-argument.js';

interface WatchConfig extends ClientConfig {
  readonly query: string | null;
  readonly format: 'val' | 'export';
  readonly count: number;
}

export const watchCommand: Command = defineCommand<WatchConfig>({
  name: 'watch',
  positionals: ['PATH'],
  summary: 'Prints the state at a path, then every change, one line each: revision, event, path, value.',
  options: {
    ...CLIENT_OPTIONS,
    query: QUERY_OPTION,
    format: FORMAT_OPTION,
    count: integer({
      group: 'Output',
      default: 0,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      description: 'End after this many events; 0 goes on for ever.',
    }),
  },
  run: async ({ effective: { values }, positionals, io }) => {
    const path = formatPath(pathArgument(positionals[0]!));
    await withClient(values, async (client) => {
      const enough = new Promise<null>((resolve) => {
        let left = values.count;
        client.subscribe(path, headersOf(values), (message) => {
          print(message, io);
          left -= 1;
          if (left === 0) resolve(null);
        });
      });
      const error = await Promise.race([enough, client.closed, interrupted()]);
      if (error !== null) throw error;
    });
    return 0;
  },
});

function headersOf({ format, query }: WatchConfig): [string, string][] {
  const headers: [string, string][] = [[HEADERS.format, format]];
  return query === null ? headers : [...headers, [HEADERS.query, query]];
}

function print({ headers, body }: Message, io: Io): void {
  const words = [HEADERS.revision, HEADERS.event, 'destination'].map((name) => headers.get(name) ?? '-');
  io.stdout.write(`${words.join(' ')} ${body}\n`);
}

function interrupted(): Promise<null> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve(null));
    process.once('SIGTERM', () => resolve(null));
  });
}
