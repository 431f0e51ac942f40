import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, createRulesAuthorizer, type Database, fixedRules, TraceLog } from '@backside/api';
import { type Auth, createAuth, createMemoryPrivateTree, type SignedIn } from '@backside/auth';
import { createFileBlobStore, createImages, createMedia, type Media, type MediaLimits } from '@backside/media';
import { createMemoryNotifier } from '@backside/notifier';
import { ADMIN, type Logger, SILENT_LOGGER } from '@backside/protocol';
import { compileRules } from '@backside/security';
import { createMemoryJournal, createMemoryReplica } from '@backside/store';
import { nodeToJson, parsePath } from '@backside/tree';
import { createRest } from '../../app.js';
import type { RestOptions } from '../../rest-options.js';

/** A server of files on a free port, over a folder and a database in memory. */
export interface MediaServer {
  readonly url: string;
  readonly port: number;
  readonly media: Media;
  readonly database: Database;
  readonly auth: Auth;
  /** What was logged as an error. */
  readonly errors: unknown[];
  /** A new account, signed in. */
  signUp(username: string): Promise<{ token: string; uid: string; refreshToken: string }>;
  /** What the tree holds at a path. */
  at(path: string): unknown;
  close(): Promise<void>;
}

export interface MediaServerOptions {
  readonly rules?: Readonly<Record<string, unknown>>;
  readonly limits?: Partial<MediaLimits>;
  readonly rest?: Partial<RestOptions>;
}

export async function startMediaServer(options: MediaServerOptions = {}): Promise<MediaServer> {
  const web = createServer();
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const { port } = web.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const errors: unknown[] = [];
  const logger = { ...SILENT_LOGGER, error: (fields: unknown) => void errors.push(fields) };
  const auth = await openAuth(url, logger);
  const { database, media, traces, remove } = await openMedia(options, logger);
  const rest = createRest({
    databases: [database],
    auth: () => auth,
    rules: () => {
      throw new Error('these tests change no rules');
    },
    findTrace: async (id) => traces.find(id),
    coverage: () => Promise.reject(new Error('these tests ask for no coverage')),
    development: false,
    publicUrl: new URL(url),
    logger,
    now: Date.now,
    media: () => media,
    ...options.rest,
  });
  web.on('request', rest);
  const close = async (): Promise<void> => {
    await auth.close();
    web.closeAllConnections();
    await new Promise((resolve) => web.close(resolve));
    await remove();
  };
  const at = (path: string): unknown => nodeToJson(database.read(ADMIN, parsePath(path)).node, 'val');
  return { url, port, media, database, auth, errors, at, close, signUp: (username) => signUp(url, username) };
}

function openAuth(url: string, logger: Logger): Promise<Auth> {
  return createAuth({
    database: 'main',
    tree: createMemoryPrivateTree(),
    now: Date.now,
    logger,
    publicUrl: new URL(url),
    settings: { signUp: true, anonymous: true, passwordCost: 10 },
  });
}

interface OpenedMedia extends Pick<MediaServer, 'database' | 'media'> {
  readonly traces: TraceLog;
  remove(): Promise<void>;
}

async function openMedia(options: MediaServerOptions, logger: Logger): Promise<OpenedMedia> {
  const rules = fixedRules(compileRules(JSON.stringify({ rules: options.rules ?? { '.read': true, '.write': true } })));
  const traces = new TraceLog({ nodeId: 'node-a', now: Date.now, randomBytes });
  const authorizer = createRulesAuthorizer({ database: 'main', rules, traces });
  const reader = createMemoryReplica();
  const database = await createDatabase({
    name: 'main',
    journal: createMemoryJournal({ keepCommits: 1_000 }),
    replica: reader,
    notifier: createMemoryNotifier(),
    authorizer,
    logger,
    now: Date.now,
    random: Math.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
    nodeId: 'node-a',
  });
  const directory = await mkdtemp(join(tmpdir(), 'backside-files-'));
  const blobs = await createFileBlobStore({ directory, now: Date.now });
  const common = { database, authorizer, reader, tree: createMemoryPrivateTree(), logger, now: Date.now, randomBytes };
  const media = createMedia({ ...common, blobs, images: createImages(), limits: options.limits ?? {} });
  const remove = async (): Promise<void> => {
    await media.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { database, media, traces, remove };
}

async function signUp(url: string, username: string): ReturnType<MediaServer['signUp']> {
  const body = JSON.stringify({ username, password: 'correct horse battery' });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/auth/signup`, { method: 'POST', headers, body });
  const { accessToken, refreshToken, user } = (await answer.json()) as SignedIn;
  return { token: accessToken, uid: user.uid, refreshToken };
}
