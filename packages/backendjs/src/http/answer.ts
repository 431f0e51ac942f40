import type { Readable } from 'node:stream';
import type { Json } from '@backside/tree';

/** What an answer consists of. */
export type AnswerBody =
  | { readonly kind: 'json'; readonly value: Json }
  /** A page: `{count, data, next_token}`, or csv or xml if the client wants that. `next` is the state to continue from; null on the last page. */
  | { readonly kind: 'rows'; readonly rows: readonly { readonly [column: string]: Json }[]; readonly next: Json }
  | { readonly kind: 'bytes'; readonly contentType: string; readonly bytes: Uint8Array }
  | {
      readonly kind: 'stream';
      readonly contentType: string;
      /** Null if not known. */
      readonly length: number | null;
      readonly source: AsyncIterable<Uint8Array> | Readable;
    }
  /** The connection is closed without an answer. */
  | { readonly kind: 'dropped' };

/** One answer, whatever carries it. Plain JSON with status 200 needs none: endpoints return the value itself. */
export class LegacyAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: AnswerBody;

  constructor(body: AnswerBody, status = 200, headers: LegacyAnswer['headers'] = {}) {
    this.body = body;
    this.status = status;
    this.headers = headers;
  }

  static json(value: Json, status = 200, headers: LegacyAnswer['headers'] = {}): LegacyAnswer {
    return new LegacyAnswer({ kind: 'json', value }, status, headers);
  }

  /** Rows of a page, ready to be seen by the caller. */
  static rows(rows: readonly { readonly [column: string]: Json }[], next: Json): LegacyAnswer {
    return new LegacyAnswer({ kind: 'rows', rows, next });
  }

  static bytes(contentType: string, bytes: Uint8Array, headers: LegacyAnswer['headers'] = {}): LegacyAnswer {
    return new LegacyAnswer({ kind: 'bytes', contentType, bytes }, 200, headers);
  }

  static stream(
    what: { readonly contentType: string; readonly length: number | null; readonly source: AsyncIterable<Uint8Array> },
    headers: LegacyAnswer['headers'] = {},
  ): LegacyAnswer {
    return new LegacyAnswer({ kind: 'stream', ...what }, 200, headers);
  }

  static redirect(url: string, status = 302): LegacyAnswer {
    return new LegacyAnswer({ kind: 'bytes', contentType: 'text/plain', bytes: new Uint8Array() }, status, {
      location: url,
    });
  }

  static dropped(): LegacyAnswer {
    return new LegacyAnswer({ kind: 'dropped' });
  }

  /** The same with more headers. */
  with(headers: LegacyAnswer['headers']): LegacyAnswer {
    return new LegacyAnswer(this.body, this.status, { ...this.headers, ...headers });
  }
}
