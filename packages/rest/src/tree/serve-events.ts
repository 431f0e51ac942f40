import { BacksideError } from '@backside/protocol';
import type { TreeCall } from './call.js';
import { EventEncoders } from './event-encoder.js';
import { EventStream } from './event-stream.js';

const ENCODERS = new EventEncoders();

/** Answers with the events of the node, until the client goes or may no longer listen. Rejects with what refuses that. */
export function serveEvents(call: TreeCall): Promise<void> {
  if (call.parameters.shallow) throw new BacksideError('invalid-query', 'shallow reads have no events');
  const { response } = call;
  if (response.destroyed) return Promise.resolve();
  // An answer that waits for others of its connection is never told that this has closed.
  if (response.socket === null) throw new BacksideError('invalid-header', 'events need a connection of their own');
  return new Promise((resolve, reject) => {
    const stream = new EventStream(call, ENCODERS, reject);
    stream.start();
    response.on('close', resolve);
  });
}
