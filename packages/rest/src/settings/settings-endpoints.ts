import { bearerOrQueryToken } from '../bearer.js';
import type { Call, Endpoint } from '../endpoint.js';
import { anyJson } from '../json-body.js';
import type { Reply } from '../reply.js';
import { type FindSettings, SETTING_NAMES, type SettingName } from './database-settings.js';

/** What Firebase's tools ask of a database beside its rules; for admins, whose token no foreign page has: so bodies may be of any type. */
export function settingsEndpoints(settingsOf: FindSettings): readonly Endpoint[] {
  const forAdmins = { access: 'admin', token: bearerOrQueryToken } as const;
  return [...SETTING_NAMES.flatMap((name) => endpointsOf(name, settingsOf)), ...triggerEndpoints()].map((endpoint) => ({
    ...forAdmins,
    ...endpoint,
  }));
}

type Bare = Omit<Endpoint, 'access' | 'token'>;

function endpointsOf(name: SettingName, settingsOf: FindSettings): Bare[] {
  const path = `/.settings/${name}.json`;
  const shown = ({ database }: Call): Reply => ({ json: settingsOf(database).get(name) });
  return [
    { method: 'get', path, summary: 'Read a setting', serve: shown },
    {
      method: 'put',
      path,
      summary: 'Change a setting',
      serve: async (call) => {
        await settingsOf(call.database).put(name, anyJson(call.request));
        return shown(call);
      },
    },
  ];
}

/** Tools that emulate functions register here what they would be called for; the functions of this server are its own, so nobody calls. */
function triggerEndpoints(): Bare[] {
  return (['put', 'post'] as const).map((method) => ({
    method,
    path: '/.settings/functionTriggers.json',
    summary: 'Taken from tools that emulate functions, without an effect',
    serve: (call) => {
      anyJson(call.request);
      return { json: {} };
    },
  }));
}
