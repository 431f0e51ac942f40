import { buffer } from 'node:stream/consumers';
import { HEADERS } from '@backside/protocol';
import { formatPath } from '@backside/tree';
import { ConfigError } from '../config/config-error.js';
import { CLIENT_OPTIONS, type ClientConfig, withClient } from './client-options.js';
import { type Command, defineCommand } from './command.js';
import { pathArgument } from './path-argument.js';

export const setCommand: Command = defineCommand<ClientConfig>({
  name: 'set',
  positionals: ['PATH', 'JSON'],
  summary: 'Replaces the value at a path and prints the revision; JSON may be `-` for standard input.',
  options: CLIENT_OPTIONS,
  run: async ({ effective: { values }, positionals, io }) => {
    const path = formatPath(pathArgument(positionals[0]!));
    const body = positionals[1] === '-' ? (await buffer(io.stdin)).toString('utf8') : positionals[1]!;
    assertJson(body);
    const receipt = await withClient(values, (client) => client.request('SEND', [['destination', path]], body));
    io.stdout.write(`${receipt.get(HEADERS.revision) ?? ''}\n`);
    return 0;
  },
});

function assertJson(body: string): void {
  try {
    JSON.parse(body);
  } catch (cause) {
    throw new ConfigError(`the value is not JSON: ${(cause as Error).message}`, { cause });
  }
}
