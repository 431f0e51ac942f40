import type { Readable } from 'node:stream';
import type { Json } from '@backside/tree';
import type { LegacyAnswer } from './answer.js';
import type { Control } from './control.js';
import { formatCsv, formatXml } from './format.js';

/** JSON answers are of the moment: no cache keeps them. */
export const NOT_KEPT: Readonly<Record<string, string>> = {
  'cache-control': 'max-age=0, no-cache, no-store',
  pragma: 'no-cache',
};

/** An answer with its pages made into text: what is left is bytes or a stream. */
export interface RenderedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Null: the connection is closed without an answer. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | Readable | null;
}

/** Makes the page into the format that the client wants; `nextToken` is what continues it. Everything else stays as it is. */
export function inFormat(
  page: { readonly rows: readonly { readonly [column: string]: Json }[]; readonly nextToken: string },
  control: Pick<Control, 'format' | 'separator'>,
): { readonly contentType: string; readonly text: string } {
  const { rows, nextToken } = page;
  if (control.format === 'csv') {
    return { contentType: 'text/csv; charset=utf-8', text: formatCsv(rows, control.separator) };
  }
  if (control.format === 'xml')
    return { contentType: 'application/xml; charset=utf-8', text: formatXml(rows, nextToken) };
  const text = JSON.stringify({ count: rows.length, data: rows, next_token: nextToken });
  return { contentType: 'application/json; charset=utf-8', text };
}

/** The answer as it goes over the wire. */
export function render(answer: LegacyAnswer): RenderedAnswer {
  const { body, status, headers } = answer;
  if (body.kind === 'dropped') return { status, headers, body: null };
  if (body.kind === 'stream') {
    const length = body.length === null ? {} : { 'content-length': String(body.length) };
    return { status, headers: { 'content-type': body.contentType, ...length, ...headers }, body: body.source };
  }
  if (body.kind === 'bytes') return whole(status, { 'content-type': body.contentType, ...headers }, body.bytes);
  const value = body.kind === 'rows' ? { count: body.rows.length, data: body.rows, next_token: '' } : body.value;
  const type = { 'content-type': 'application/json; charset=utf-8', ...NOT_KEPT };
  return whole(status, { ...type, ...headers }, Buffer.from(JSON.stringify(value)));
}

function whole(status: number, headers: RenderedAnswer['headers'], bytes: Uint8Array): RenderedAnswer {
  return { status, headers: { ...headers, 'content-length': String(bytes.length) }, body: bytes };
}
