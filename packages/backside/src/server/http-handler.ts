import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '@backside/protocol';
import type { Databases } from './databases.js';

export interface HttpContext {
  readonly health: { readonly databases: Databases; readonly draining: boolean };
  readonly logger: Logger;
  readonly metrics: () => Promise<string>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Serves `GET /health` and `GET /metrics`; everything else is not found. */
export async function handleHttp(request: IncomingMessage, response: ServerResponse, context: HttpContext): Promise<void> {
  const answer = await answerTo(request, context);
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-length': Buffer.byteLength(answer.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function answerTo({ method, url = '/' }: IncomingMessage, context: HttpContext): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return json(405, { error: 'method not allowed' });
  const [path] = url.split('?');
  if (path === '/health') return healthAnswer(context.health);
  if (path !== '/metrics') return json(404, { error: 'not found' });
  try {
    return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: await context.metrics() };
  } catch (error) {
    context.logger.error({ err: error }, 'the metrics could not be collected');
    return json(503, { error: 'metrics are not available' });
  }
}

/** 200 while writes are taken, 503 while the server drains or a journal refuses to write. */
function healthAnswer({ databases, draining }: HttpContext['health']): Answer {
  const states = databases.all.map((database) => {
    const { revision, checkpointed, degraded } = database.stats();
    return [database.name, { revision, checkpointed, degraded }] as const;
  });
  const status = draining ? 'draining' : states.some(([, { degraded }]) => degraded) ? 'degraded' : 'ok';
  return json(status === 'ok' ? 200 : 503, { status, databases: Object.fromEntries(states) });
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}
