import type { Server as HttpServer, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { closeWithConnection } from '@backside/media';

/** How long after the announced end of idle connections they are closed, in milliseconds. */
const SLACK_MS = 500;

/** Knows the requests under way on a port, so that it can be given up without cutting one off. */
export class HttpDrain {
  readonly #open = new Set<ServerResponse>();
  readonly #done = new Set<() => void>();
  #leaving = false;

  /** The listener, observed. */
  observe(listener: RequestListener): RequestListener {
    return (request: IncomingMessage, response: ServerResponse) => {
      this.#open.add(response);
      closeWithConnection(request, response);
      if (this.#leaving) response.shouldKeepAlive = false;
      response.once('close', () => {
        this.#open.delete(response);
        if (this.#open.size === 0) for (const done of this.#done) done();
      });
      listener(request, response);
    };
  }

  /** The last of the answers under way on a connection. */
  lastOn(socket: Duplex): ServerResponse | undefined {
    let last: ServerResponse | undefined;
    for (const response of this.#open) if (response.req.socket === socket) last = response;
    return last;
  }

  /** From now on every answer ends its connection. */
  leave(): void {
    this.#leaving = true;
    for (const response of this.#open) if (!response.headersSent) response.shouldKeepAlive = false;
  }

  /** Resolves once no request is under way, or after `withinMs`. */
  async answered(withinMs: number): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#done.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/**
 * Takes no more connections but leaves idle ones until they end as announced to their clients (`Keep-Alive: timeout`): so no request
 * meets a connection that is being closed. Resolves once there is none, or after `withinMs`.
 */
export async function retireWebServer(web: HttpServer, withinMs: number): Promise<void> {
  // Closing as HTTP servers do would cut the idle connections off at once.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(web, () => resolve()));
  const patience = Math.min(withinMs, web.keepAliveTimeout + SLACK_MS);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patience);
  });
  await Promise.race([closed, late]);
  clearTimeout(timer);
  web.closeIdleConnections();
}
