import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askHttp } from '../harness/http-client.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { runBackside } from './run-backside.js';

const PASSWORD = 'correct horse battery';

/** Every run appends a line, so that one too many is seen. */
const JOB_MODULE = `
import { appendFile } from 'node:fs/promises';
export async function note({ file }, { id, attempt }) {
  await appendFile(file, id + ' ' + attempt + '\\n');
  return 'noted';
}
`;

const FUNCTION_FILE = `
import { appendFile } from 'node:fs/promises';
export const copied = {
  trigger: { kind: 'create', pattern: '/orders/{id}' },
  options: {},
  run: async ({ id, params, after }, { database }) => {
    await appendFile('LINES', id + '\\n');
    await database.set('/copies/' + params.id, after);
  },
};
`;

/** A server with jobs, a crontab, functions and the legacy interface, and the files that it was started with. */
export interface RuntimeServer {
  readonly server: ServerHandle;
  readonly folder: string;
  /** Writes the file of legacy settings anew. */
  writeSettings(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** Writes the file of options anew. */
  writeConfig(config: Readonly<Record<string, unknown>>): Promise<void>;
  /** Lines that jobs or functions have written so far. */
  lines(name: 'ticks' | 'jobs' | 'orders'): Promise<string[]>;
  /** Asks the legacy interface as an admin. */
  ask<Body>(path: string): Promise<{ readonly status: number; readonly body: Body }>;
  stop(): Promise<void>;
}

export async function startRuntimeServer(workers: number, args: readonly string[] = []): Promise<RuntimeServer> {
  const folder = await mkdtemp(join(tmpdir(), 'backside-runtime-'));
  const at = (name: string): string => join(folder, name);
  const put = (name: string, value: unknown): Promise<void> => writeFile(at(name), JSON.stringify(value));
  await Promise.all([mkdir(at('jobs')), mkdir(at('functions'))]);
  await writeFile(at('jobs/note.js'), JOB_MODULE);
  await writeFile(at('functions/orders.js'), FUNCTION_FILE.replace('LINES', at('orders.lines')));
  await put('crontab', [{ cron: '* * * * * *', job: { 'note.note': { file: at('ticks.lines') } } }]);
  const writeSettings = (settings: Readonly<Record<string, unknown>>): Promise<void> =>
    put('legacy.json', { 'api-access-token-secret': 'secret of tokens', ...settings });
  const config = {
    jobs: at('jobs'),
    functions: at('functions'),
    crontab: [at('crontab')],
    backendjs: true,
    backendjsSettings: at('legacy.json'),
  };
  await Promise.all([writeSettings({}), put('config.json', config)]);
  const server = await startServer({ workers, args: ['--config', at('config.json'), ...args] });
  const token = await adminToken(server).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  return {
    server,
    folder,
    writeSettings,
    writeConfig: (more) => put('config.json', { ...config, ...more }),
    lines: async (name) => {
      const text = await readFile(at(`${name}.lines`), 'utf8').catch(() => '');
      return text.split('\n').filter((line) => line !== '');
    },
    ask: (path) =>
      askHttp(server.httpPort, `${path}${path.includes('?') ? '&' : '?'}bk-access-token=${encodeURIComponent(token)}`),
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Makes an admin by the command line, and signs it in at the legacy interface. */
async function adminToken({ dataDir, httpPort }: ServerHandle): Promise<string> {
  const made = await runBackside(['create-admin', 'root@example.com', '--data', dataDir], { input: `${PASSWORD}\n` });
  if (made.code !== 0) throw new Error(made.stderr);
  const query = new URLSearchParams({ login: 'root@example.com', password: PASSWORD, _accesstoken: '1' });
  const { body } = await askHttp<Record<string, string>>(httpPort, `/login?${query}`);
  const token = body['bk-access-token'];
  if (token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`);
  return token;
}
