import { request as httpRequest } from 'node:http';
import { checksumOf, signRequest } from '@backside/auth';

/** Who signs a request. */
export interface Signer {
  readonly login: string;
  readonly secret: string;
  readonly tokenSecret?: string;
  readonly authSecret?: string;
}

/** What else belongs to a request. */
export interface Asking {
  /** Signs with version 4. */
  readonly as?: Signer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; by default a minute ahead and different each time. */
  readonly expires?: number;
}

export interface LegacyReplyOf<Body> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as what the test expects it to be; throws if it is no JSON. */
  readonly json: Body;
}

/** A row as it is answered. */
export type Row = Readonly<Record<string, string>>;

/** Rows as a select answers them. */
export interface RowPage<One = Row> {
  readonly count: number;
  readonly data: readonly One[];
  readonly next_token: string;
}

type Values = Readonly<Record<string, string | number | boolean>>;

/** What a body is, unless the test says more. */
type Loose = Readonly<Record<string, unknown>>;

const FORM = 'application/x-www-form-urlencoded; charset=UTF-8';

/** A client of the legacy API that signs as the original's do. */
export class LegacyClient {
  readonly #port: number;
  readonly #now: () => number;
  #sent = 0;

  constructor(port: number, now: () => number) {
    this.#port = port;
    this.#now = now;
  }

  get<Body = Loose>(path: string, params: Values = {}, asking: Asking = {}): Promise<LegacyReplyOf<Body>> {
    const query = encode(params);
    return this.#send('GET', query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`, asking);
  }

  /** The parameters as a form. */
  post<Body = Loose>(path: string, params: Values = {}, asking: Asking = {}): Promise<LegacyReplyOf<Body>> {
    return this.#send('POST', path, asking, { type: FORM, body: encode(params) });
  }

  /** The parameters as JSON, covered by a checksum. */
  postJson<Body = Loose>(path: string, value: unknown, asking: Asking = {}): Promise<LegacyReplyOf<Body>> {
    return this.#send('POST', path, asking, { type: 'application/json', body: JSON.stringify(value) });
  }

  /** A body as it is. */
  postRaw<Body = Loose>(
    path: string,
    content: { readonly type: string; readonly body: string | Uint8Array },
    asking: Asking = {},
  ): Promise<LegacyReplyOf<Body>> {
    return this.#send('POST', path, asking, content);
  }

  /** Any method, path and headers, unsigned unless `as` is given. */
  send<Body = Loose>(method: string, url: string, asking: Asking = {}): Promise<LegacyReplyOf<Body>> {
    return this.#send(method, url, asking);
  }

  /** The signature of a request to this server, for tests that send it themselves. */
  sign(
    method: string,
    url: string,
    signer: Signer,
    more: { contentType?: string; form?: string; checksum?: string; expires?: number } = {},
  ): string {
    this.#sent += 1;
    const { contentType = '', form = null, checksum = '' } = more;
    const expires = more.expires ?? this.#now() + 60_000 + this.#sent;
    const secrets = {
      secret: signer.secret,
      tokenSecret: signer.tokenSecret ?? '',
      authSecret: signer.authSecret ?? '',
    };
    const wish = { version: 4, login: signer.login, expires, checksum } as const;
    return signRequest(wish, secrets, { method, url, host: `127.0.0.1:${this.#port}`, contentType, form });
  }

  #send<Body>(
    method: string,
    url: string,
    asking: Asking,
    content?: { readonly type: string; readonly body: string | Uint8Array },
  ): Promise<LegacyReplyOf<Body>> {
    const headers: Record<string, string> = { ...asking.headers };
    if (content !== undefined) {
      headers['content-type'] = content.type;
      headers['content-length'] = String(Buffer.byteLength(content.body));
    }
    if (asking.as !== undefined)
      headers['bk-signature'] = this.sign(method, url, asking.as, signedBody(content, asking));
    return exchange<Body>({ port: this.#port, method, path: url, headers }, content?.body);
  }
}

function signedBody(
  content: { readonly type: string; readonly body: string | Uint8Array } | undefined,
  { expires }: Asking,
): { contentType?: string; form?: string; checksum?: string; expires?: number } {
  const more = expires === undefined ? {} : { expires };
  if (content === undefined) return more;
  const { type, body } = content;
  if (type.startsWith('application/x-www-form-urlencoded')) return { ...more, contentType: type, form: String(body) };
  if (type.startsWith('multipart/')) return { ...more, contentType: type };
  return { ...more, contentType: type, checksum: checksumOf(body) };
}

function exchange<Body>(
  options: { port: number; method: string; path: string; headers: Record<string, string> },
  body: string | Uint8Array | undefined,
): Promise<LegacyReplyOf<Body>> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes,
          text,
          get json(): Body {
            return JSON.parse(text) as Body;
          },
        });
      });
    });
    sent.on('error', reject).end(body);
  });
}

function encode(values: Values): string {
  const pairs = Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]);
  return new URLSearchParams(pairs).toString();
}
