import { constants } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { verifyLmdbReplica } from '@backside/replica-lmdb';
import { isSharedStore } from '../config/node-pairing.js';
import { formatSize } from '../config/quantity.js';
import { DATABASE_NAME, type ServerConfig } from '../config/server-options.js';
import {
  assertHolds,
  counterpartOf,
  DataFolderError,
  databaseFolders,
  isPrivate,
  readDataFormat,
} from '../server/data-folder.js';
import { listen, stopListening } from '../server/listening.js';
import { examineDatabase } from './examine-database.js';
import { examineDisk } from './examine-disk.js';
import { examineNodes } from './examine-nodes.js';
import { examineServices } from './examine-services.js';
import { type Finding, fine, note, problem } from './finding.js';
import { guaranteesOf } from './guarantees.js';

const OLDEST_NODE = 20;
/** Less free space than this is a problem. */
const MIN_FREE_BYTES = 256 * 2 ** 20;

/** Examines everything that a server with this configuration needs. Changes nothing, except journals if it is to repair. */
export async function* examineServer(config: ServerConfig, repair: boolean): AsyncGenerator<Finding> {
  yield examineNode();
  for (const sentence of guaranteesOf(config)) yield fine(`promise: ${sentence}`);
  if (config.store !== 'memory') yield* examineFolder(config);
  if (config.store === 'embedded') yield* examineDatabases(config.data, repair);
  if (isSharedStore(config.store)) yield* examineCopies(config.data);
  yield* examineNodes(config);
  yield* examineServices(config);
  yield await examinePort(config.host, config.port, 'port');
  if (config.role !== 'api') yield await examinePort(config.host, config.tcpPort, 'tcpPort');
}

function examineNode(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  const text = `Node.js ${process.versions.node}`;
  return major >= OLDEST_NODE ? fine(text) : problem(`${text}: ${OLDEST_NODE} or later is needed`);
}

async function* examineFolder({ data, store }: ServerConfig): AsyncGenerator<Finding> {
  const names = await readdir(data).catch((error: NodeJS.ErrnoException) => error);
  if (names instanceof Error) {
    yield names.code === 'ENOENT' ? note(`${data} is not there; start makes it`) : problem(`${data}: ${names.message}`);
    return;
  }
  yield await examineAccess(data);
  yield await examineSpace(data);
  yield await examineFormat(data, store);
}

async function* examineDatabases(data: string, repair: boolean): AsyncGenerator<Finding> {
  const databases = await databasesIn(data);
  if (databases === null) return;
  yield await examineDisk(data);
  // Also those that are missing beside others.
  const all = new Set([...databases, ...databases.map(counterpartOf)]);
  for (const name of [...all].sort()) yield* examineDatabase(data, name, repair);
}

/** What a node has made of a shared store. */
async function* examineCopies(data: string): AsyncGenerator<Finding> {
  for (const name of (await databasesIn(data)) ?? []) {
    const { replica } = databaseFolders(data, name);
    const report = await verifyLmdbReplica(replica).catch((error: Error) => error);
    if (report instanceof Error) yield problem(`${name}: ${report.message}`);
    else if (report?.problem)
      yield problem(`${name}: the copy is damaged: ${report.problem}; remove ${replica}, and a start makes it again`);
    else if (report !== null) yield fine(`${name}: the copy can be read, all ${report.entries} entries`);
  }
}

/** The databases of which there is something in a folder, also the private ones; null if it cannot be read, which has been said. */
async function databasesIn(data: string): Promise<string[] | null> {
  const names = await readdir(data).catch(() => null);
  if (names === null) return null;
  const databases: string[] = [];
  for (const name of names.sort()) if (isDatabaseName(name) && (await isDatabase(data, name))) databases.push(name);
  return databases;
}

function isDatabaseName(entry: string): boolean {
  return DATABASE_NAME.test(isPrivate(entry) ? counterpartOf(entry) : entry);
}

async function isDatabase(data: string, name: string): Promise<boolean> {
  const { journal, replica } = databaseFolders(data, name);
  const found = await Promise.all([journal, replica].map((folder) => stat(folder).catch(() => null)));
  return found.some((folder) => folder !== null);
}

async function examineAccess(data: string): Promise<Finding> {
  try {
    await access(data, constants.R_OK | constants.W_OK | constants.X_OK);
    return fine(`${data} can be read and written`);
  } catch (error) {
    return problem(`${data} cannot be read and written: ${(error as Error).message}`);
  }
}

async function examineSpace(data: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(data);
  const free = bavail * bsize;
  const text = `${formatSize(Math.floor(free / 2 ** 20) * 2 ** 20)} free on the disk of ${data}`;
  return free >= MIN_FREE_BYTES ? fine(text) : problem(`${text}: that is not enough`);
}

async function examineFormat(data: string, store: ServerConfig['store']): Promise<Finding> {
  try {
    const marker = await readDataFormat(data);
    if (marker === null) return note(`${data} says no format; start adds it`);
    assertHolds(data, store, marker);
    return fine(`${data} has format ${marker.format}`);
  } catch (error) {
    return problem(error instanceof DataFolderError ? `${data}: ${error.problem}` : (error as Error).message);
  }
}

async function examinePort(host: string, port: number, option: string): Promise<Finding> {
  if (port === 0) return fine(`${option}: a free port will be taken`);
  const server = createServer();
  try {
    await listen(server, { host, port, option });
    return fine(`${option}: port ${port} on ${host} is free`);
  } catch (error) {
    return note(`${(error as Error).message}; that is right if the server runs`);
  } finally {
    stopListening(server);
  }
}
