import { HEADERS } from '@backside/protocol';
import { formatPath } from '@backside/tree';
import { readOnce } from '../client/read-once.js';
import { type Option, text } from '../config/option.js';
import { CLIENT_OPTIONS, type ClientConfig, FORMAT_OPTION, withClient } from './client-options.js';
import { type Command, defineCommand } from './command.js';
import { pathArgument } from './path-argument.js';

interface GetConfig extends ClientConfig {
  readonly query: string | null;
  readonly format: 'val' | 'export';
}

export const QUERY_OPTION: Option<string | null> = text({
  group: 'Output',
  placeholder: 'JSON',
  description: 'Order and limits, such as {"orderBy":"age","limitToLast":2}.',
});

export const getCommand: Command = defineCommand<GetConfig>({
  name: 'get',
  positionals: ['PATH'],
  summary: 'Prints the value at a path.',
  options: { ...CLIENT_OPTIONS, query: QUERY_OPTION, format: FORMAT_OPTION },
  run: async ({ effective: { values }, positionals, io }) => {
    const path = formatPath(pathArgument(positionals[0]!));
    const headers: [string, string][] = [[HEADERS.format, values.format]];
    if (values.query !== null) headers.push([HEADERS.query, values.query]);
    const { body } = await withClient(values, (client) => readOnce(client, path, headers));
    io.stdout.write(`${body}\n`);
    return 0;
  },
});
