import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, askHttp } from '../harness/http-client.js';
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

/** A folder with a job, a function, a crontab that fires each second, and settings. */
export interface RuntimeFiles {
  readonly folder: string;
  /** What a server that uses all of it is configured with. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Writes the file of legacy settings anew. */
  writeSettings(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** Writes the file of options anew, with more in it. */
  writeConfig(config: Readonly<Record<string, unknown>>): Promise<void>;
  /** Lines that jobs or functions have written so far. */
  lines(name: 'ticks' | 'jobs' | 'orders'): Promise<string[]>;
  remove(): Promise<void>;
}

export async function makeRuntimeFiles(): Promise<RuntimeFiles> {
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
  const writeConfig = (more: Readonly<Record<string, unknown>>): Promise<void> =>
    put('config.json', { ...config, ...more });
  await Promise.all([writeSettings({}), writeConfig({})]);
  return {
    folder,
    config,
    writeSettings,
    writeConfig,
    lines: async (name) => {
      const text = await readFile(at(`${name}.lines`), 'utf8').catch(() => '');
      return text.split('\n').filter((line) => line !== '');
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Asks the legacy interface of a server as an admin. */
export type AskAsAdmin = <Body>(path: string, port?: number) => Promise<Answer<Body>>;

/** Makes an admin by the command line, which gets `flags` beside the data folder, and signs it in at the legacy interface. */
export async function signInAdmin(
  { dataDir, httpPort }: ServerHandle,
  flags: readonly string[] = [],
): Promise<AskAsAdmin> {
  const options = { input: `${PASSWORD}\n` };
  const made = await runBackside(['create-admin', 'root@example.com', '--data', dataDir, ...flags], options);
  if (made.code !== 0) throw new Error(made.stderr);
  const query = new URLSearchParams({ login: 'root@example.com', password: PASSWORD, _accesstoken: '1' });
  const { body } = await askHttp<Record<string, string>>(httpPort, `/login?${query}`);
  const token = body['bk-access-token'];
  if (token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`);
  const proof = `bk-access-token=${encodeURIComponent(token)}`;
  return (path, port = httpPort) => askHttp(port, `${path}${path.includes('?') ? '&' : '?'}${proof}`);
}

/** A server that uses all of the files. */
export interface RuntimeServer extends RuntimeFiles {
  readonly server: ServerHandle;
  readonly ask: AskAsAdmin;
  stop(): Promise<void>;
}

export async function startRuntimeServer(workers: number): Promise<RuntimeServer> {
  const files = await makeRuntimeFiles();
  const server = await startServer({ workers, args: ['--config', join(files.folder, 'config.json')] });
  const stop = async (): Promise<void> => {
    await server.stop();
    await files.remove();
  };
  try {
    return { ...files, server, ask: await signInAdmin(server), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
