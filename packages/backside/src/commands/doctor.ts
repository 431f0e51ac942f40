import { assertEdgePairing } from '../config/edge-pairing.js';
import { assertPairing } from '../config/node-pairing.js';
import { toggle } from '../config/option.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { examineServer } from '../doctor/examine.js';
import { type Command, defineCommand } from './command.js';
import { SERVER_ALIASES } from './start.js';

interface DoctorConfig extends ServerConfig {
  readonly repair: boolean;
}

const MARKS = { fine: 'ok  ', note: 'note', problem: 'FAIL' } as const;

export const doctorCommand: Command = defineCommand<DoctorConfig>({
  name: 'doctor',
  positionals: [],
  summary:
    'Examines the machine, the data folder, the servers of store and notifier, and the ports: says what this setup promises, and what is wrong. Ends with 1 if anything is.',
  details:
    'Takes the same options as `start`. --repair makes a damaged journal usable up to the damage; what comes after it is moved\n' +
    'into files beside it. No server may run on the folder meanwhile.',
  options: {
    ...SERVER_OPTIONS,
    repair: toggle({ group: 'Repair', default: false, description: 'Repair the journals of the data folder.' }),
  },
  aliases: SERVER_ALIASES,
  configFile: true,
  run: async ({ effective: { values }, io }) => {
    assertPairing(values);
    assertEdgePairing(values);
    let sound = true;
    for await (const { verdict, text } of examineServer(values, values.repair)) {
      io.stdout.write(`${MARKS[verdict]}  ${text}\n`);
      sound &&= verdict !== 'problem';
    }
    return sound ? 0 : 1;
  },
});
