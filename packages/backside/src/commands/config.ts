import { formatValue } from '../config/help.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { optionNames } from '../config/setting.js';
import { type Command, defineCommand } from './command.js';
import { SERVER_ALIASES } from './start.js';

export const configCommand: Command = defineCommand<ServerConfig>({
  name: 'config',
  positionals: [],
  summary: 'Prints the effective configuration of `start`, and where each value comes from.',
  details: 'Takes the same options as `start`. Secrets are not shown.',
  options: SERVER_OPTIONS,
  aliases: SERVER_ALIASES,
  configFile: true,
  run: async ({ effective, io }) => {
    for (const name of optionNames(SERVER_OPTIONS)) {
      const value = formatValue(SERVER_OPTIONS[name], effective.values[name]);
      io.stdout.write(`${name.padEnd(24)} ${value.padEnd(24)} ${effective.origins[name].place}\n`);
    }
    return 0;
  },
});
