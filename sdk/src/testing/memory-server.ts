import { type Authorizer, createDatabase, type Database, openAuthorizer } from '@backside/api';
import { createMemoryNotifier } from '@backside/notifier';
import { ADMIN, SILENT_LOGGER } from '@backside/protocol';
import { createProxy, type ProxyOptions, type Proxy as StompProxy } from '@backside/proxy';
import { createMemoryJournal, createMemoryReplica, type Journal } from '@backside/store';
import { type Json, parsePath } from '@backside/tree';
import type { SocketFactory } from '../link/socket.js';
import { MemoryWire } from './memory-wire.js';

/** A real database behind a real proxy, reached through memory. */
export interface MemoryServer {
  readonly database: Database;
  readonly journal: Journal;
  readonly proxy: StompProxy;
  /** Connects to it. */
  readonly socket: SocketFactory;
  /** All connections so far, the last one last. */
  readonly wires: readonly MemoryWire[];
  /** Whether it can be reached. */
  reachable: boolean;
}

export interface MemoryServerOptions extends Partial<ProxyOptions> {
  readonly authorizer?: Authorizer;
}

/** Without options everybody may read and write, and is nobody. */
export async function openMemoryServer(options: MemoryServerOptions = {}): Promise<MemoryServer> {
  const journal = createMemoryJournal({ keepCommits: 1_000_000 });
  const database = await createDatabase({
    ...{ name: 'test', journal, replica: createMemoryReplica(), notifier: createMemoryNotifier() },
    authorizer: options.authorizer ?? openAuthorizer,
    logger: SILENT_LOGGER,
    now: () => Date.now(),
    random: () => 0.5,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    nodeId: 'node-a',
  });
  const proxy = createProxy({
    databases: () => database,
    authenticate: async () => ({ kind: 'nobody' }),
    logger: SILENT_LOGGER,
    now: () => Date.now(),
    ...options,
  });
  const wires: MemoryWire[] = [];
  const server: MemoryServer = {
    ...{ database, journal, proxy, wires, reachable: true },
    socket: () => {
      const wire = new MemoryWire(server.reachable ? (accepted) => void proxy.accept(accepted) : null);
      wires.push(wire);
      return wire;
    },
  };
  return server;
}

/** Sets a value past the rules, and returns the revision. */
export async function put({ database }: MemoryServer, path: string, value: Json): Promise<number> {
  return (await database.write({ principal: ADMIN, steps: [{ method: 'set', path: parsePath(path), value }] }))
    .revision;
}

/** The value at a path in export form, past the rules. */
export function valueAt({ database }: MemoryServer, path: string): Json {
  return JSON.parse(Buffer.concat([...database.streamJson(ADMIN, parsePath(path), 'export').chunks]).toString());
}
