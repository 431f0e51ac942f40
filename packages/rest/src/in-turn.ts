import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A request among those of its connection. */
interface Turn {
  readonly response: ServerResponse;
  /** Whether it is being served, and just reads, as all do that are served beside it. */
  readsAlong: boolean;
}

/** The last one of each connection. */
const last = new WeakMap<Socket, Turn>();

/**
 * Serves the request in its turn: beside others that its client sent without waiting for their answers only if all of them just read
 * (RFC 9112, section 9.3.2), so that it finds what they have done. Not at all if the connection ends before that.
 */
export function inTurn(request: IncomingMessage, response: ServerResponse, serve: () => void): void {
  const { socket } = request;
  const before = last.get(socket);
  const reads = SAFE.has(request.method ?? '');
  const turn: Turn = { response, readsAlong: false };
  last.set(socket, turn);
  const begin = (): void => {
    turn.readsAlong = reads;
    serve();
  };
  if (before === undefined || before.response.closed || (before.readsAlong && reads)) begin();
  else before.response.once('close', () => socket.destroyed || begin());
}

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
