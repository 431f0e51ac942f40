import { BacksideError, ERRORS, type ErrorCode } from '@backside/protocol';
import type { Json } from '@backside/tree';

/** A request that has no answer by then is given up, in milliseconds. */
const TIMEOUT_MS = 20_000;

export interface AuthRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** An access token. */
  readonly token?: string;
  /** Whether cookies of the server are sent and kept, which browsers do for pages of the server's own origin only. */
  readonly cookies?: boolean;
}

/** The password was right; a second factor is wanted. */
export class ChallengeError extends BacksideError {
  readonly challenge: string;
  readonly expiresAt: number | null;

  constructor(challenge: string, expiresAt: number | null) {
    super('second-factor-required');
    this.challenge = challenge;
    this.expiresAt = expiresAt;
  }
}

/** The HTTP endpoints of one database's users. */
export class AuthServer {
  readonly #url: string;
  readonly #database: string | undefined;
  readonly #fetch: typeof fetch;

  constructor(options: { url: string; database?: string | undefined; fetch?: typeof fetch | undefined }) {
    this.#url = options.url.replace(/\/+$/, '');
    this.#database = options.database;
    // Browsers refuse a `fetch` that is called as a method of something else.
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  }

  /** The address of an endpoint. */
  address(path: string, query: Readonly<Record<string, string>> = {}): string {
    const all = new URLSearchParams({
      ...(this.#database !== undefined && { ns: this.#database }),
      ...query,
    }).toString();
    return `${this.#url}${path}${all === '' ? '' : `?${all}`}`;
  }

  /** The answer's JSON. Rejects with what the server refused, `unavailable` if it could not be reached, or `ChallengeError`. */
  async ask<Reply>(request: AuthRequest): Promise<Reply> {
    const { ok, status, text } = await this.#exchange(request);
    const json = parseReply(text);
    if (ok) return json as Reply;
    throw refusalOf(json, status);
  }

  async #exchange(request: AuthRequest): Promise<{ ok: boolean; status: number; text: string }> {
    const { method, path, body, token, cookies = false } = request;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
    try {
      const response = await this.#fetch(this.address(path), {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        credentials: cookies ? 'same-origin' : 'omit',
        cache: 'no-store',
        signal: abort.signal,
      });
      return { ok: response.ok, status: response.status, text: await response.text() };
    } catch (cause) {
      throw new BacksideError('unavailable', 'the server cannot be reached', { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

function parseReply(text: string): Json {
  try {
    return text === '' ? null : (JSON.parse(text) as Json);
  } catch {
    return null;
  }
}

/** The server's own words. What something between here and there answered instead counts as being unreachable. */
function refusalOf(json: Json, status: number): BacksideError {
  const { error, challenge, expiresAt } = Object(json) as Record<string, unknown>;
  const { code, message, trace } = Object(error) as Record<string, unknown>;
  if (typeof code !== 'string' || !Object.hasOwn(ERRORS, code)) {
    return new BacksideError('unavailable', `the server answered with status ${status} and nothing that explains it`);
  }
  if (typeof challenge === 'string')
    return new ChallengeError(challenge, typeof expiresAt === 'number' ? expiresAt : null);
  return new BacksideError(code as ErrorCode, typeof message === 'string' ? message : undefined, {
    trace: typeof trace === 'string' ? trace : undefined,
  });
}
