import { access, chown, constants, mkdir, writeFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { run } from './server-process.js';
import type { ServiceName } from './service.js';

/** How one kind of server is run on a port and a folder of its own. */
export interface Program {
  /** What has to be on the PATH. */
  readonly commands: readonly string[];
  /** The variable that names a running server. */
  readonly variable: string;
  readonly url: (port: number) => string;
  /** The processes to start, in this order; the last one is the server. */
  readonly launch: (place: Place) => Promise<readonly Launch[]>;
}

interface Place {
  readonly folder: string;
  readonly port: number;
  /** Two further free ports. */
  readonly sidePorts: readonly [number, number];
  /** The program that was found. */
  readonly command: string;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What makes it end in order, whoever is connected; default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** The user to run as. */
  readonly uid?: number;
  readonly gid?: number;
}

const HOST = '127.0.0.1';

export const PROGRAMS: Readonly<Record<ServiceName, Program>> = {
  redis: {
    commands: ['redis-server'],
    variable: 'REDIS_URL',
    url: (port) => `redis://${HOST}:${port}`,
    launch: async ({ command, folder, port }) => [
      { command, args: ['--port', `${port}`, '--bind', HOST, '--dir', folder, '--save', '', '--appendonly', 'no'] },
    ],
  },
  rabbitmq: {
    commands: ['/usr/lib/rabbitmq/bin/rabbitmq-server', 'rabbitmq-server'],
    variable: 'AMQP_URL',
    url: (port) => `amqp://guest:guest@${HOST}:${port}`,
    launch: launchRabbitMq,
  },
  mongodb: {
    commands: ['mongod', 'ferretdb', join(homedir(), 'go/bin/ferretdb')],
    variable: 'MONGODB_URL',
    url: (port) => `mongodb://${HOST}:${port}/`,
    launch: launchMongoDb,
  },
  postgres: {
    commands: ['postgres', '/usr/lib/postgresql/15/bin/postgres'],
    variable: 'POSTGRES_URL',
    url: (port) => `postgres://postgres@${HOST}:${port}/postgres`,
    launch: launchPostgres,
  },
  nats: {
    commands: ['nats-server', join(homedir(), 'go/bin/nats-server')],
    variable: 'NATS_URL',
    url: (port) => `nats://${HOST}:${port}`,
    launch: async ({ command, port }) => [{ command, args: ['--addr', HOST, '--port', `${port}`] }],
  },
};

/** The first of the commands that is there; null if none is. */
export async function findCommand(commands: readonly string[]): Promise<string | null> {
  for (const command of commands) {
    const folders = command.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
    for (const folder of folders) {
      const file = folder === '' ? command : join(folder, command);
      const found = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (found) return file;
    }
  }
  return null;
}

/** With an Erlang port mapper of its own, which otherwise stays behind as a daemon. */
async function launchRabbitMq({ command, folder, port, sidePorts }: Place): Promise<Launch[]> {
  const [mapperPort, distributionPort] = sidePorts;
  const env = {
    HOME: folder,
    ERL_EPMD_PORT: `${mapperPort}`,
    ERL_EPMD_ADDRESS: HOST,
    RABBITMQ_NODENAME: `backside-${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: HOST,
    RABBITMQ_NODE_PORT: `${port}`,
    RABBITMQ_DIST_PORT: `${distributionPort}`,
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+sbwt none +S 2:2',
  };
  await writeFile(join(folder, 'plugins'), '[].\n');
  return [
    { command: 'epmd', args: ['-address', HOST, '-port', `${mapperPort}`] },
    { command, args: [], env },
  ];
}

async function launchMongoDb({ command, folder, port }: Place): Promise<Launch[]> {
  if (command.endsWith('mongod')) {
    return [{ command, args: ['--dbpath', folder, '--bind_ip', HOST, '--port', `${port}`] }];
  }
  const args = ['--handler=sqlite', `--sqlite-url=file:${folder}/`, `--listen-addr=${HOST}:${port}`];
  return [
    { command, args: [...args, `--state-dir=${folder}`, '--debug-addr=-', '--telemetry=disable', '--log-level=warn'] },
  ];
}

/** PostgreSQL refuses to run as root; then it runs as its own user. */
async function launchPostgres({ command, folder, port }: Place): Promise<Launch[]> {
  const data = join(folder, 'data');
  const owner: { uid?: number; gid?: number } = userInfo().uid === 0 ? await idsOf('postgres') : {};
  if (owner.uid !== undefined) await chown(folder, owner.uid, owner.gid!);
  const isNew = await mkdir(data).then(
    () => true,
    () => false,
  );
  if (isNew) {
    if (owner.uid !== undefined) await chown(data, owner.uid, owner.gid!);
    const initdb = await findCommand([command.replace(/postgres$/, 'initdb'), '/usr/lib/postgresql/15/bin/initdb']);
    if (initdb === null) throw new Error('initdb was not found beside postgres');
    await run({ command: initdb, args: ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync'], ...owner });
  }
  const args = ['-D', data, '-p', `${port}`, '-h', HOST, '-k', folder];
  return [{ command, args, stopSignal: 'SIGINT', ...owner }];
}

async function idsOf(user: string): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number(await run({ command: 'id', args: [flag, user] }))),
  );
  return { uid: uid!, gid: gid! };
}
