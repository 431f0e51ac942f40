import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Answers that wait for others of their connection, by connection. */
const queues = new WeakMap<Socket, Set<ServerResponse>>();

/**
 * Has an answer that waits behind others closed with its connection, as the one that is being sent is. Node tells such an answer nothing,
 * and what it holds open would stay so. To be called before anything of the answer is begun; doing so twice is no harm.
 */
export function closeWithConnection({ socket }: IncomingMessage, response: ServerResponse): void {
  if (response.socket !== null) return;
  const queue = queueOf(socket);
  queue.add(response);
  response.once('socket', () => queue.delete(response));
}

function queueOf(socket: Socket): Set<ServerResponse> {
  const known = queues.get(socket);
  if (known !== undefined) return known;
  const queue = new Set<ServerResponse>();
  queues.set(socket, queue);
  socket.once('close', () => {
    for (const response of queue) response.destroy().emit('close');
  });
  return queue;
}
