import type { Database, Encoder, ViewEvent } from '@backside/api';
import { formatResumePoint } from '@backside/protocol';
import { type Format, formatPath } from '@backside/tree';

/** Turns events into server-sent ones. Streams of the same depth and format share an encoder, and so the bytes of each event. */
export class EventEncoders {
  readonly #encoders = new WeakMap<Database, Map<string, Encoder<Uint8Array>>>();

  /** @param depth keys of the listened path: what is told is relative to it. */
  encoder(database: Database, depth: number, format: Format): Encoder<Uint8Array> {
    let known = this.#encoders.get(database);
    if (known === undefined) {
      known = new Map();
      this.#encoders.set(database, known);
    }
    const name = `${depth} ${format}`;
    let encoder = known.get(name);
    if (encoder === undefined) {
      encoder = { format, encode: (event) => encodeEvent(event, { database, depth, format }) };
      known.set(name, encoder);
    }
    return encoder;
  }
}

/** `event`, `id` (the resume point) and `data`, which is JSON and so has no line end. */
function encodeEvent(
  event: ViewEvent,
  { database, depth, format }: { database: Database; depth: number; format: Format },
): Uint8Array {
  const id = formatResumePoint({ epoch: database.epoch, revision: event.revision });
  const relative = JSON.stringify(formatPath(event.path.slice(depth)));
  const head = Buffer.from(`event: ${event.kind}\nid: ${id}\ndata: {"path":${relative},"data":`);
  return Buffer.concat([head, event.body(format), TAIL]);
}

const TAIL = Buffer.from('}\n\n');

export const KEEP_ALIVE: Uint8Array = Buffer.from('event: keep-alive\ndata: null\n\n');
export const CANCEL: Uint8Array = Buffer.from('event: cancel\ndata: null\n\n');
export const AUTH_REVOKED: Uint8Array = Buffer.from('event: auth_revoked\ndata: "credential is no longer valid"\n\n');
