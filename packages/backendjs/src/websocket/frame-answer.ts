import type { LegacyAnswer } from '../http/answer.js';
import { LegacyError } from '../http/legacy-error.js';
import { render } from '../http/render.js';

/** Of an answer that must be whole to be sent. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const JSON_TYPE = /^application\/json\b/;
const TEXT_TYPE = /^(?:text\/|application\/xml\b)/;

/** What a frame holds: a text, or bytes for what is none. */
export type Frame = string | Uint8Array;

/**
 * An answer as one frame: its body. With an id, JSON objects get it as `_id`, and everything else becomes `{_id, data}`, bytes as base64
 * with their `content_type`. Null if there is nothing to send. Throws 413 for an answer that is too large for a frame.
 */
export async function frameOf(answer: LegacyAnswer, id: string | null): Promise<Frame | null> {
  const { headers, body } = render(answer);
  if (body === null) return null;
  const bytes = body instanceof Uint8Array ? Buffer.from(body) : await collect(body);
  const type = String(headers['content-type'] ?? '');
  if (JSON_TYPE.test(type)) return withId(bytes.toString(), id);
  if (TEXT_TYPE.test(type)) return id === null ? bytes.toString() : withId(JSON.stringify(bytes.toString()), id);
  if (id === null) return bytes;
  return JSON.stringify({ _id: id, content_type: type, data: bytes.toString('base64') });
}

/** JSON text that says which request it answers. */
export function withId(json: string, id: string | null): string {
  if (id === null) return json;
  const named = `{"_id":${JSON.stringify(id)}`;
  if (!json.startsWith('{')) return `${named},"data":${json}}`;
  return json === '{}' ? `${named}}` : `${named},${json.slice(1)}`;
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of source) {
    size += piece.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new LegacyError(413, 'too large for a websocket');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
