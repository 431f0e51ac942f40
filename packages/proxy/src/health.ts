import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PeerStats } from '@backside/api';
import type { Logger } from '@backside/protocol';
import type { Registry } from 'prom-client';
import type { Observed, ServiceState } from './metrics.js';

/** From how far behind the journal a node should get no new clients, in milliseconds. */
const BEHIND_MS = 10_000;

/** How what a node depends on is, over all of its databases. */
export interface HealthComponents {
  /** The shared journal: `down` while it is out of reach. `staleMs`: see `Database.staleness`. */
  readonly store: { readonly status: 'ok' | 'down'; readonly staleMs: number | null };
  /** What carries notices between machines, if anything does. Without it other nodes' commits come later, by polling. */
  readonly broker?: { readonly status: 'ok' | 'down'; readonly dropped: number };
  /** `behind` from ten seconds of lag on. */
  readonly replica: { readonly status: 'ok' | 'behind'; readonly lag: number; readonly lagMs: number };
}

/** What `/health` answers. */
export interface Health {
  /** `ok`: serves. `degraded`: writes are refused, or what it shows is far behind. `draining`: the node is going down. */
  readonly status: 'ok' | 'degraded' | 'draining';
  readonly connections: number;
  /** Absent on a node that shares its journal with no other. */
  readonly components?: HealthComponents;
  /** See `Observed.services`. One that is down degrades what needs it, not the node. */
  readonly services?: Readonly<Record<string, ServiceState>>;
  readonly databases: Readonly<
    Record<string, { readonly revision: number; readonly queueDepth: number; readonly degraded: boolean }>
  >;
}

/** How the node is, now. A broker that is down alone degrades nothing but latency. */
export function healthOf(observed: Observed): Health {
  const all = [...observed.databases()].map((database) => [database.name, database.stats()] as const);
  const components = componentsOf(all.flatMap(([, { peers }]) => (peers === null ? [] : [peers])));
  const degraded = all.some(([, stats]) => stats.degraded) || components?.replica.status === 'behind';
  const serving = degraded ? 'degraded' : 'ok';
  return {
    status: observed.proxy?.draining ? 'draining' : serving,
    connections: observed.proxy?.connections ?? 0,
    ...(components && { components }),
    ...(observed.services && { services: observed.services() }),
    databases: Object.fromEntries(
      all.map(([name, { revision, queueDepth, degraded }]) => [name, { revision, queueDepth, degraded }]),
    ),
  };
}

function componentsOf(peers: readonly PeerStats[]): HealthComponents | null {
  if (peers.length === 0) return null;
  const brokers = peers.flatMap(({ broker }) => (broker === null ? [] : [broker]));
  const stale = peers.flatMap(({ staleMs }) => (staleMs === null ? [] : [staleMs]));
  const lagMs = Math.max(...peers.map((peer) => peer.lagMs));
  return {
    store: {
      status: peers.every(({ reachable }) => reachable) ? 'ok' : 'down',
      staleMs: stale.length === 0 ? null : Math.max(...stale),
    },
    ...(brokers.length > 0 && {
      broker: {
        status: brokers.every(({ up }) => up) ? 'ok' : 'down',
        dropped: Math.max(...brokers.map(({ dropped }) => dropped)),
      },
    }),
    replica: { status: lagMs > BEHIND_MS ? 'behind' : 'ok', lag: Math.max(...peers.map(({ lag }) => lag)), lagMs },
  };
}

/** Answers a request if it is for this handler; false if it is not, and nothing was done. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Serves GET and HEAD of `/health` (200 with status `ok`, 503 otherwise; with the query `for=reads` 503 only when the node is going
 * down, so that a balancer may leave clients on nodes that take no writes) and `/metrics` (the text format of Prometheus).
 * Both tell nothing of the data, but are meant for operators: whether the world may ask is up to who mounts it.
 */
export function createHealthHandler(observed: Observed, registry: Registry, logger: Logger): HttpHandler {
  return (request, response) => {
    const [path, query] = request.url?.split('?', 2) ?? [];
    if (path !== '/health' && path !== '/metrics') return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
    } else if (path === '/health') {
      const health = healthOf(observed);
      const readsSuffice = query === 'for=reads' && health.status === 'degraded';
      send(response, {
        status: health.status === 'ok' || readsSuffice ? 200 : 503,
        type: 'application/json',
        body: JSON.stringify(health),
      });
    } else {
      void sendMetrics(response, registry, logger);
    }
    return true;
  };
}

async function sendMetrics(response: ServerResponse, registry: Registry, logger: Logger): Promise<void> {
  try {
    send(response, { status: 200, type: registry.contentType, body: await registry.metrics() });
  } catch (error) {
    logger.error({ err: error }, 'the metrics could not be read');
    send(response, { status: 500, type: 'text/plain', body: '' });
  }
}

function send(response: ServerResponse, answer: { status: number; type: string; body: string }): void {
  response.writeHead(answer.status, { 'content-type': answer.type, 'cache-control': 'no-store' }).end(answer.body);
}
