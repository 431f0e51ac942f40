import { randomUUID } from 'node:crypto';
import { BacksideError, ERRORS, type Logger, toBacksideError } from '@backside/protocol';
import type { ErrorRequestHandler, Response } from 'express';

/**
 * Answers every error as `{ error: { code, message, trace? } }` with the status of the one table. What has no code there
 * is answered as `internal`, without its text; the log has it under the same trace.
 */
export function errorReply(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const refusal = toRefusal(error);
    const trace = refusal.code === 'internal' ? randomUUID() : refusal.trace;
    if (refusal.code === 'internal') {
      logger.error({ err: error, trace, method: request.method, path: request.path }, 'a request failed');
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    send(response, refusal, trace);
  };
}

function send(response: Response, refusal: BacksideError, trace: string | undefined): void {
  const { code, message, retryAfterMs } = refusal;
  const status = ERRORS[code].httpStatus;
  if (status === 429 || retryAfterMs !== undefined) {
    response.setHeader('retry-after', Math.max(1, Math.ceil((retryAfterMs ?? 0) / 1_000)));
  }
  if (status === 401) response.setHeader('www-authenticate', 'Bearer');
  const text = code === 'internal' ? ERRORS.internal.stompMessage : message;
  response.status(status).json({ error: { code, message: text, ...(trace !== undefined && { trace }) } });
}

/** Also names what express and its body reader refuse: a body that is too large, cut off or compressed, a path that cannot be decoded. */
function toRefusal(error: unknown): BacksideError {
  if (!(error instanceof BacksideError) && error instanceof Error && 'status' in error) {
    if (error.status === 413) return new BacksideError('too-large', 'the body is too large', { cause: error });
    if (error instanceof URIError) return new BacksideError('invalid-path', undefined, { cause: error });
    if (typeof error.status === 'number' && error.status >= 400 && error.status < 500) {
      return new BacksideError('invalid-data', 'the body cannot be read', { cause: error });
    }
  }
  return toBacksideError(error);
}
