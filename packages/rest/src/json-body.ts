import { BacksideError } from '@backside/protocol';
import express, { type Request, type Response } from 'express';

/** Most bytes of the body of an ordinary request. */
export const MAX_BODY_BYTES = 65_536;

/** How long the body of an ordinary request may take to arrive, in milliseconds. */
const BODY_MS = 30_000;

/**
 * Reads the whole body into a Buffer, whatever its type. Compressed bodies are refused; so is one above `maxBytes`, and one that takes
 * longer than `withinMs`.
 */
export function bodyReader(
  maxBytes: number,
  withinMs: number = BODY_MS,
): (request: Request, response: Response) => Promise<void> {
  const read = express.raw({ type: () => true, limit: maxBytes, inflate: false });
  return (request, response) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        response.setHeader('connection', 'close');
        reject(new BacksideError('timeout', 'the body did not arrive in time'));
      }, withinMs);
      read(request, response, (error?: unknown) => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error);
      });
    });
}

/**
 * The body as JSON. Throws `invalid-data` unless the request says that it is JSON: a form of a foreign page cannot say so,
 * which is why no page can send a request in the name of its visitor unless CORS lets it.
 */
export function jsonBody(request: Request): unknown {
  if (request.is('application/json') !== 'application/json') {
    throw new BacksideError('invalid-data', 'the body must be JSON, with content-type application/json');
  }
  return anyJson(request);
}

/** The body as JSON, whatever type it says it has. Throws `invalid-data`. */
export function anyJson(request: Request): unknown {
  const source = textBody(request);
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new BacksideError('invalid-data', 'the body is not valid JSON', { cause: error });
  }
}

/** The body as text, every byte of it. Throws `invalid-data` if it is not UTF-8. */
export function textBody(request: Request): string {
  const body: unknown = request.body;
  if (!Buffer.isBuffer(body)) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch (error) {
    throw new BacksideError('invalid-data', 'the body is not valid UTF-8', { cause: error });
  }
}
