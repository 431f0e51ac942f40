import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { ConfigError } from '../config/config-error.js';
import { requiredText, text } from '../config/option.js';
import { formatSchema } from '../rules-types/format-schema.js';
import { shapeOf } from '../rules-types/shape.js';
import { type Command, defineCommand } from './command.js';
import { readRulesFile } from './rules/rules-file.js';

interface TypesConfig {
  readonly out: string | null;
  readonly name: string;
}

export const typesCommand: Command = defineCommand<TypesConfig>({
  name: 'types',
  positionals: ['FILE'],
  summary: 'Makes a TypeScript schema for the SDK of the validators in a rules file.',
  details:
    'What no validator speaks of may be any JSON. What `hasChildren` demands is there; all other children may be missing.',
  options: {
    out: text({ group: 'Output', placeholder: 'FILE', description: 'Where to write it; standard output if left out.' }),
    name: requiredText({
      group: 'Output',
      placeholder: 'NAME',
      default: 'Schema',
      description: 'The name of the type.',
    }),
  },
  run: async ({ effective: { values }, positionals, io }) => {
    const file = positionals[0]!;
    if (!/^[A-Za-z_$][\w$]*$/.test(values.name))
      throw new ConfigError(`name: ${values.name} cannot be the name of a type`);
    const { root } = await readRulesFile(file);
    const module = formatSchema(shapeOf(root), { name: values.name, origin: basename(file) });
    if (values.out === null) io.stdout.write(module);
    else await writeFile(values.out, module);
    return 0;
  },
});
