import type { Json } from '@backside/tree';
import { createMemoryCache } from '../caches/memory-cache.js';
import type { BackendjsContext } from '../context.js';
import type { LegacyCall, LegacyEndpoint } from '../endpoint.js';
import { LegacyError, required } from '../http/legacy-error.js';
import { averageRows } from './average-rows.js';
import { serveCache } from './cache-commands.js';
import { CollectedStats } from './collected-stats.js';
import { cancelJob, submitJob } from './job-commands.js';
import { parametersOf } from './parameters.js';
import { sendPush } from './push.js';
import { isReloadable, type ServerControl } from './server-control.js';

/** What `/system/lru` keeps, in this process alone. */
const MAX_LRU_ENTRIES = 10_000;

/** What admins may ask of the server; nobody else may. */
export function systemEndpoints(context: BackendjsContext): LegacyEndpoint[] {
  const local = createMemoryCache({ now: context.now, maxEntries: MAX_LRU_ENTRIES });
  const caches = (call: LegacyCall) => (call.params.text('cache') === 'local' ? local : context.cache);
  const adminOnly = true;
  return [
    { adminOnly, paths: ['/system/restart'], serve: () => restart(context) },
    {
      adminOnly,
      paths: ['/system/cache/:op'],
      serve: (call) =>
        call.variables.op === 'init' ? init(context, 'cache') : serveCache(caches(call), call.variables.op!, call),
    },
    { adminOnly, paths: ['/system/lru/:op'], serve: (call) => serveCache(local, call.variables.op!, call) },
    { adminOnly, paths: ['/system/init'], serve: (call) => init(context, call.params.text('name')) },
    { adminOnly, paths: ['/system/:name/init'], serve: (call) => init(context, call.variables.name!) },
    { adminOnly, paths: ['/system/msg/send'], serve: (call) => sendPush(context, call) },
    { adminOnly, paths: ['/system/jobs/send', '/system/jobs/submit'], serve: (call) => submitJob(context, call) },
    { adminOnly, paths: ['/system/jobs/cancel'], serve: (call) => cancelJob(context, call) },
    { adminOnly, paths: ['/system/queue/publish'], serve: (call) => publish(context, call) },
    {
      adminOnly,
      paths: ['/system/params/get', '/system/params/info'],
      serve: (call) => parametersOf(context, call.control.total),
    },
    ...statsEndpoints(context),
    { adminOnly, paths: ['/system/log'], serve: (call) => log(context, call) },
    {
      adminOnly,
      paths: ['/system', '/system/*'],
      serve: (call) => {
        throw new LegacyError(400, `Invalid command:${call.variables['*'] ?? ''}`);
      },
    },
  ];
}

function statsEndpoints(context: BackendjsContext): LegacyEndpoint[] {
  const collected = new CollectedStats(context);
  const adminOnly = true;
  return [
    {
      adminOnly,
      paths: ['/system/stats/get'],
      serve: async () => ({ ...(await context.metrics.row({ reset: false })) }),
    },
    {
      adminOnly,
      paths: ['/system/stats/send'],
      serve: async () => {
        await collected.add({ ...(await context.metrics.row({ reset: true })) });
        return {};
      },
    },
    {
      adminOnly,
      paths: ['/system/stats/put'],
      serve: async ({ params }) => {
        await collected.add(Object.fromEntries(params.columns()));
        return {};
      },
    },
    { adminOnly, paths: ['/system/stats/collect'], serve: ({ control }) => collected.latest(control.count) },
    { adminOnly, paths: ['/system/stats/calc'], serve: () => averageRows(collected.latest(0)) },
  ];
}

async function restart(context: BackendjsContext): Promise<Json> {
  await controlOf(context).restart();
  return {};
}

async function init(context: BackendjsContext, name: string): Promise<Json> {
  if (name === '') throw required('name');
  if (!isReloadable(name)) throw new LegacyError(400, `Invalid command:${name}`);
  await controlOf(context).reload(name);
  return {};
}

function controlOf({ control }: BackendjsContext): ServerControl {
  if (control === null) throw new LegacyError(503, 'The server cannot be steered from here');
  return control;
}

function publish({ ipc }: BackendjsContext, { params }: LegacyCall): Json {
  if (!params.has('key')) throw required('key');
  if (ipc === null) throw new LegacyError(503, 'There is nobody to publish to');
  ipc.broadcast(params.text('key'), { __op: params.text('queue') || 'publish', value: params.get('value') ?? null });
  return { status: 200, message: '' };
}

/** Control characters are left out: a line of the log stays one line. */
function log({ logger }: BackendjsContext, { params, account }: LegacyCall): Json {
  const text = params.text('msg') || params.text('message');
  logger.info({ by: account?.id, text: text.slice(0, 4_096) }, 'an admin has something to say');
  return {};
}
