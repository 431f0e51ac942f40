import type { Json } from '@backside/tree';
import type { Cache } from '../cache.js';
import type { LegacyCall } from '../endpoint.js';
import { LegacyError, required } from '../http/legacy-error.js';

const MAX_KEYS = 1_000;

type Command = (cache: Cache, call: LegacyCall) => Promise<Json>;

const put: Command = async (cache, { params }) => {
  await cache.put(nameOf(params), params.text('value'), params.number('ttl'));
  return {};
};

const COMMANDS = new Map<string, Command>([
  ['stats', async (cache) => ({ ...(await cache.stats()) })],
  ['keys', async (cache, { params }) => [...(await cache.keys(params.text('name'), MAX_KEYS))]],
  ['get', async (cache, { params }) => ({ value: (await cache.get(nameOf(params))) ?? '' })],
  ['set', put],
  ['put', put],
  [
    'incr',
    async (cache, { params }) => {
      const by = Math.trunc(params.number('value', 1));
      return { value: String(await cache.incr(nameOf(params), by, params.number('ttl'))) };
    },
  ],
  [
    'del',
    async (cache, { params }) => {
      await cache.del(nameOf(params));
      return {};
    },
  ],
  [
    'clear',
    async (cache) => {
      await cache.clear();
      return {};
    },
  ],
]);

/** `stats keys get set put incr del clear` of a cache. */
export function serveCache(cache: Cache, op: string, call: LegacyCall): Promise<Json> {
  const command = COMMANDS.get(op);
  if (command === undefined) throw new LegacyError(400, `Invalid command:${op}`);
  return command(cache, call);
}

function nameOf(params: LegacyCall['params']): string {
  const name = params.text('name');
  if (name === '') throw required('name');
  return name;
}
