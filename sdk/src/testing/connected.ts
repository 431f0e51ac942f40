import { createPushIds, type Json, parsePath, parseQuery } from '@backside/tree';
import type { Connection, ListenHandler, ListenTarget, ServerEvent } from '../link/connection.js';
import { type ConnectionOptions, createConnection } from '../link/create-connection.js';
import type { RefusedError } from '../link/refused-error.js';
import type { WireStep, WireWrite } from '../link/write.js';
import { type MemoryServer, type MemoryServerOptions, openMemoryServer } from './memory-server.js';
import { until } from './until.js';

const open: Connection[] = [];
const keys = createPushIds({ now: () => Date.now(), random: () => Math.random() });

/** Closes what the functions below have connected. */
export function closeConnections(): void {
  for (const connection of open.splice(0)) connection.close();
}

/** A connection that tries again soon. */
export function connect(server: Pick<MemoryServer, 'socket'>, options: ConnectionOptions = {}): Connection {
  const connection = createConnection('ws://test', {
    ...{ socket: server.socket, backoff: { firstMs: 2, lastMs: 20 } },
    ...options,
  });
  open.push(connection);
  return connection;
}

/** A server of its own, and a connection that is online. */
export async function online(
  serverOptions: MemoryServerOptions = {},
  options: ConnectionOptions = {},
): Promise<{ server: MemoryServer; connection: Connection }> {
  const server = await openMemoryServer(serverOptions);
  const connection = connect(server, options);
  await until(() => connection.status === 'online', 'the connection');
  return { server, connection };
}

/** Keeps what a listen was told, and goes on from its last event. */
export class Heard implements ListenHandler {
  readonly events: ServerEvent[] = [];
  refusal: RefusedError | null = null;

  event(event: ServerEvent): void {
    this.events.push(event);
  }

  refused(error: RefusedError): void {
    this.refusal = error;
  }

  resumePoint(): string | null {
    const last = this.events.at(-1);
    return last === undefined ? null : `${last.epoch}:${last.revision}`;
  }

  /** The events as `put /a 1`. */
  get lines(): string[] {
    return this.events.map(({ kind, path, body }) => `${kind} /${path.join('/')} ${JSON.stringify(body)}`);
  }
}

export function target(path: string, query: object | null = null): ListenTarget {
  return { path: parsePath(path), query: query === null ? null : parseQuery(query) };
}

/** A write with a key of its own. */
export function write(steps: WireStep | readonly WireStep[], more: Partial<WireWrite> = {}): WireWrite {
  const all = Array.isArray(steps) ? (steps as readonly WireStep[]) : [steps as WireStep];
  return { key: keys(), ackLevel: 'durable', steps: all, ...more };
}

export function set(path: string, value: Json): WireStep {
  return { method: 'set', path: parsePath(path), value };
}
