import { queryOf } from '@backside/auth';
import type { Json } from '@backside/tree';
import { parse } from 'qs';
import { type BodyAccount, checkAnnounced, collectBody } from './collected-body.js';
import { LegacyError } from './legacy-error.js';
import type { LegacyRequest } from './legacy-request.js';
import { readMultipart } from './multipart.js';
import { Params } from './params.js';
import type { UploadedFile } from './uploaded-file.js';

const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data';
const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'text/json']);
const MAX_DEPTH = 5;
const MAX_PARAMETERS = 2_000;
/** Of JSON: more than any row can hold, and less than what functions that call themselves bear. */
const MAX_JSON_DEPTH = 100;

/** What a request brought, apart from who sent it. */
export interface ReceivedParams {
  readonly params: Params;
  /** The body of a POST with a form or JSON, whose checksum may be signed; null for every other request. */
  readonly body: Buffer | null;
  readonly files: ReadonlyMap<string, UploadedFile>;
}

const NO_FILES: ReadonlyMap<string, UploadedFile> = new Map();

/**
 * Reads the parameters: from the url or, for POST, from the body, which then replaces the url's, even if it is empty. They come from that
 * text alone which signatures are over. The media type counts only in lower case, as it always did. Throws 413 past the limit, 400 for what
 * cannot be parsed.
 */
export async function readParams(
  request: LegacyRequest,
  account: BodyAccount,
  options: { readonly limit: number; readonly lenient: boolean },
): Promise<ReceivedParams> {
  const query = parseForm(queryOf(request.url));
  if (request.method !== 'POST') return received(query);
  checkAnnounced(request, options.limit);
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim();
  if (type === MULTIPART) {
    const form = await readMultipart(request, account);
    return { ...received(query.length > 0 ? query : form.fields), files: form.files };
  }
  if (type !== FORM && !JSON_TYPES.has(type)) return received(query);
  const body = await collectBody(request, account);
  if (type === FORM) return { ...received(parseForm(body.toString())), body };
  const json = parseJson(body, options.lenient);
  assertShallow(json, 0);
  return {
    ...received(json === null || typeof json !== 'object' || Array.isArray(json) ? [] : Object.entries(json)),
    body,
  };
}

function received(values: readonly (readonly [string, Json])[]): ReceivedParams {
  return { params: new Params(values), body: null, files: NO_FILES };
}

/** Names with brackets nest: `a[b]=1`, `a[]=1`. */
function parseForm(text: string): (readonly [string, Json])[] {
  const options = { depth: MAX_DEPTH, parameterLimit: MAX_PARAMETERS, plainObjects: true, arrayLimit: 1_000 };
  return Object.entries(parse(text, options)) as [string, Json][];
}

/** Throws 400 for lists and objects that lie too deep in one another. */
function assertShallow(value: Json, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth === MAX_JSON_DEPTH) throw new LegacyError(400, 'The body is nested too deep');
  for (const inner of Object.values(value)) assertShallow(inner, depth + 1);
}

/** An empty body is an empty object. What cannot be parsed is refused unless the operator wants it as it was. */
function parseJson(body: Buffer, lenient: boolean): Json {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString()) as Json;
  } catch {
    if (lenient) return {};
    throw new LegacyError(400, 'The body is not valid JSON');
  }
}
