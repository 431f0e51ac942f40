import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '@backside/protocol';
import type { Registry } from 'prom-client';
import type { Observed } from './metrics.js';

/** What `/health` answers. */
export interface Health {
  /** `ok`: serves. `degraded`: a journal refuses writes. `draining`: the node is going down. */
  readonly status: 'ok' | 'degraded' | 'draining';
  readonly connections: number;
  readonly databases: Readonly<
    Record<string, { readonly revision: number; readonly queueDepth: number; readonly degraded: boolean }>
  >;
}

/** How the node is, now. */
export function healthOf(observed: Observed): Health {
  const databases = [...observed.databases()].map((database) => {
    const { revision, queueDepth, degraded } = database.stats();
    return [database.name, { revision, queueDepth, degraded }] as const;
  });
  const degraded = databases.some(([, database]) => database.degraded);
  const serving = degraded ? 'degraded' : 'ok';
  return {
    status: observed.proxy?.draining ? 'draining' : serving,
    connections: observed.proxy?.connections ?? 0,
    databases: Object.fromEntries(databases),
  };
}

/** Answers a request if it is for this handler; false if it is not, and nothing was done. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Serves GET and HEAD of `/health` (200 with status `ok`, 503 otherwise) and `/metrics` (the text format of Prometheus).
 * Both tell nothing of the data, but are meant for operators: whether the world may ask is up to who mounts it.
 */
export function createHealthHandler(observed: Observed, registry: Registry, logger: Logger): HttpHandler {
  return (request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path !== '/health' && path !== '/metrics') return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
    } else if (path === '/health') {
      const health = healthOf(observed);
      send(response, {
        status: health.status === 'ok' ? 200 : 503,
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
