import type { IncomingMessage } from 'node:http';

/** How long nothing may move on a connection that carries a body, in milliseconds. A large one may take as long as it needs, as long as it comes on. */
const IDLE_MS = 60_000;

/** Ends the connection if the client stops sending the body that it announced. Once that is complete the server may take its time. */
export function limitSending(request: IncomingMessage, idleMs: number = IDLE_MS): void {
  const { socket, headers } = request;
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return;
  socket.setTimeout(idleMs);
  request.once('end', () => socket.setTimeout(0));
}

/** Ends the connection if the client stops taking what it is sent. */
export function limitTaking(request: IncomingMessage, idleMs: number = IDLE_MS): void {
  request.socket.setTimeout(idleMs);
}
