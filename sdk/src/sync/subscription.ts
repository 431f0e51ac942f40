import { type Node, nodeFromJson, type Path, type Query, UNLIMITED } from '@backside/tree';
import type { Connection, ServerEvent } from '../link/connection.js';
import type { Environment } from '../link/environment.js';
import type { RefusedError } from '../link/refused-error.js';
import type { StoredListen, SyncStore } from '../offline/sync-store.js';
import type { ServerListen } from './server-listen.js';

/** What subscriptions are made with. */
export interface SubscriptionContext {
  readonly connection: Connection;
  readonly environment: Pick<Environment, 'report'>;
  /** Null keeps nothing. */
  readonly store: SyncStore | null;
  /** The listen knows something, or more surely, without an event. */
  readonly changed: (listen: ServerListen) => void;
  readonly received: (listen: ServerListen, event: ServerEvent) => void;
  readonly lost: (listen: ServerListen, error: RefusedError) => void;
}

/** Subscribes a listen, which goes on from what it has. Sets how it is stopped. */
export function subscribe(listen: ServerListen, context: SubscriptionContext): void {
  const { connection, store } = context;
  const release = store?.hold(listen.target);
  const end = connection.listen(listen.target, {
    event: (event) => context.received(listen, event),
    refused: (error) => context.lost(listen, error),
    resumePoint: () => listen.resumePoint(),
  });
  const endProbe = listen.knowledge === 'cached' ? probe(listen, context) : null;
  listen.stop = () => {
    endProbe?.();
    end();
    release?.();
  };
}

/** As `subscribe`, once the listen has what is stored of it. */
export function loadAndSubscribe(listen: ServerListen, store: SyncStore, context: SubscriptionContext): void {
  let stopped = false;
  listen.stop = () => {
    stopped = true;
  };
  const begin = (stored: StoredListen | null): void => {
    if (stopped) return;
    if (stored !== null) {
      const node = nodeFromJson(stored.node, { limits: UNLIMITED });
      listen.adopt({ node, resume: stored.resume, knowledge: 'cached' });
      context.changed(listen);
    }
    subscribe(listen, context);
  };
  store.loadListen(listen.target).then(begin, (error: unknown) => {
    context.environment.report(error);
    begin(null);
  });
}

const LEAST: Query = { order: { by: 'key' }, limit: { count: 1, from: 'first' } };

/**
 * Of a listen that goes on from stored data and has missed nothing the server may say nothing. But first states come in the order
 * of their listens, so the least of them, asked for behind it, tells that it is up to date.
 */
function probe(listen: ServerListen, context: SubscriptionContext): () => void {
  const end = context.connection.listen(
    { path: listen.path, query: LEAST },
    {
      event: () => {
        end();
        listen.confirm();
        context.changed(listen);
      },
      // Who may listen to all may lack the right to a part; then its own next event tells.
      refused: () => {},
      resumePoint: () => null,
    },
  );
  return end;
}

/** What the server has at a path. */
export interface Fetched {
  readonly node: Node;
  readonly revision: number;
}

/** Asks the server once. Rejects if it refuses, and with the signal's reason. */
export function fetchOnce(connection: Connection, path: Path, signal?: AbortSignal): Promise<Fetched> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const settle = (done: () => void): void => {
      signal?.removeEventListener('abort', abort);
      end();
      done();
    };
    const abort = (): void => settle(() => reject(signal?.reason));
    const end = connection.listen(
      { path, query: null },
      {
        event: ({ body, revision }) =>
          settle(() => resolve({ node: nodeFromJson(body, { limits: UNLIMITED }), revision })),
        refused: (error) => settle(() => reject(error)),
        resumePoint: () => null,
      },
    );
    signal?.addEventListener('abort', abort);
  });
}
