import type { IncomingMessage } from 'node:http';
import { BacksideError } from '@backside/protocol';

/** How much of a refused body is read past, and for how long, so that its sender gets to read the answer. */
const MAX_IGNORED_BYTES = 256 * 1024 * 1024;
const MAX_IGNORING_MS = 10_000;
/** How long a body that is kept as a whole may take to arrive, in milliseconds. */
const MAX_BODY_MS = 5 * 60_000;

/**
 * The whole body. Rejects with `too-large` as soon as it is known to be longer than `maxBytes`: by its declared length before anything of
 * it is read. Rejects with `invalid-data` if it is compressed or cut off, with `timeout` if it takes
 * too long.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  assertReadable(request, maxBytes);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const late = new BacksideError('timeout', 'the body did not arrive in time');
    const timer = setTimeout(() => reject(late), MAX_BODY_MS);
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) reject(tooLarge(maxBytes));
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on('error', (cause) => reject(cutOff(cause)));
    request.on('close', () => {
      clearTimeout(timer);
      reject(cutOff(undefined));
    });
  });
}

/** Throws what the head of the request tells already. */
export function assertReadable({ headers }: IncomingMessage, maxBytes: number): void {
  if (Number(headers['content-length']) > maxBytes) throw tooLarge(maxBytes);
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new BacksideError('invalid-data', 'a compressed body cannot be read');
  }
}

export function tooLarge(maxBytes: number): BacksideError {
  return new BacksideError('too-large', `Data to write exceeds the maximum size of ${maxBytes} bytes`);
}

function cutOff(cause: unknown): BacksideError {
  return new BacksideError('invalid-data', 'the body is cut off', { cause });
}

/** Reads past what is left of a body that was refused, within bounds; then the connection is cut. */
export function ignoreBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let bytes = 0;
  const cut = (): void => void request.socket.destroy();
  const timer = setTimeout(cut, MAX_IGNORING_MS);
  request.removeAllListeners('data');
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_IGNORED_BYTES) cut();
  });
  request.on('error', () => clearTimeout(timer));
  request.on('close', () => clearTimeout(timer));
  request.resume();
}
