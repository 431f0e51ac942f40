import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that may wait for their turn; more are not taken, and the connection is cut. */
const MOST_WAITING = 1_000;

/** A request among those of its connection. */
interface Turn {
  readonly response: ServerResponse;
  /** Whether it is being served, and just reads, as all do that are served beside it. */
  readsAlong: boolean;
}

/** The requests of one connection. */
interface Line {
  last: Turn | null;
  waiting: number;
}

const lines = new WeakMap<Socket, Line>();

/**
 * Serves the request in its turn: beside others that its client sent without waiting for their answers only if all of them just read
 * (RFC 9112, section 9.3.2), so that it finds what they have done. Not at all if the connection ends before that.
 */
export function inTurn(request: IncomingMessage, response: ServerResponse, serve: () => void): void {
  const { socket } = request;
  const line = lineOf(socket);
  const before = line.last;
  const reads = SAFE.has(request.method ?? '');
  const turn: Turn = { response, readsAlong: false };
  line.last = turn;
  const begin = (): void => {
    turn.readsAlong = reads;
    serve();
  };
  if (before === null || before.response.closed || (before.readsAlong && reads)) begin();
  else waitFor(before.response, line, () => socket.destroyed || begin());
  if (line.waiting > MOST_WAITING) socket.destroy();
}

function lineOf(socket: Socket): Line {
  const line = lines.get(socket) ?? { last: null, waiting: 0 };
  lines.set(socket, line);
  return line;
}

function waitFor(response: ServerResponse, line: Line, run: () => void): void {
  line.waiting += 1;
  response.once('close', () => {
    line.waiting -= 1;
    run();
  });
}

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
