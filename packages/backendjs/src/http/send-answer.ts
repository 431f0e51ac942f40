import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { LegacyAnswer } from './answer.js';
import { render } from './render.js';

/** Sends an answer. Resolves when it is on its way; a client that leaves meanwhile is no failure. */
export async function sendAnswer(
  answer: LegacyAnswer,
  response: ServerResponse,
  options: { readonly head: boolean },
): Promise<void> {
  const { status, headers, body } = render(answer);
  if (body === null || response.destroyed) {
    response.destroy();
    return;
  }
  response.writeHead(status, { ...headers } as Record<string, string | string[]>);
  if (options.head) response.end();
  else if (body instanceof Uint8Array) response.end(body);
  else await sendStream(body, response);
}

async function sendStream(source: AsyncIterable<Uint8Array>, response: ServerResponse): Promise<void> {
  try {
    await pipeline(Readable.from(source), response);
  } catch (error) {
    // The head is out: a broken source shows as a broken connection, and one that the client closed as nothing.
    response.destroy();
    if (!isDeparture(error)) throw error;
  }
}

function isDeparture(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
