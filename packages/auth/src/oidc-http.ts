import { BacksideError } from '@backside/protocol';

/** What the libraries ask of `fetch`. */
export interface HttpRequest {
  readonly method: string;
  readonly headers: Headers | Record<string, string>;
  readonly body?: RequestInit['body'];
  /** Ends the request, body included, when its time is over. */
  readonly signal?: AbortSignal;
}

/** Metadata, key sets and token answers are far smaller. */
const MAX_BODY_BYTES = 512 * 1024;

/**
 * One request to a provider. Follows no redirect. Rejects `unavailable` if there is no answer in time, if it is too large, or if
 * it says that the provider is in trouble (5xx, 429).
 */
export async function providerFetch(url: string, request: HttpRequest): Promise<Response> {
  try {
    const response = await fetch(url, {
      method: request.method,
      headers: request.headers,
      redirect: 'manual',
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    const body = await readBounded(response);
    if (response.status >= 500 || response.status === 429) throw new Error(`HTTP status ${response.status}`);
    return new Response(body, { status: response.status, headers: response.headers });
  } catch (cause) {
    throw providerUnavailable(cause);
  }
}

export function providerUnavailable(cause: unknown): BacksideError {
  return new BacksideError('unavailable', 'The sign-in provider does not answer as it should', { cause });
}

/** The `unavailable` that lies below an error of a library, or null. */
export function unavailableBelow(error: unknown): BacksideError | null {
  let current = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    if (current instanceof BacksideError && current.code === 'unavailable') return current;
    current = current.cause;
  }
  return null;
}

async function readBounded(response: Response): Promise<Buffer<ArrayBuffer> | null> {
  if (response.body === null) return null;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error('answer too large');
    chunks.push(chunk);
  }
  return bytes === 0 ? null : Buffer.concat(chunks);
}
