import type { IncomingMessage } from 'node:http';
import type { ParsedUrlQuery } from 'node:querystring';
import type { TreeCall } from './call.js';
import { textOf } from './parameters.js';
import { serveRead } from './serve-read.js';
import { serveDelete, servePatch, servePost, servePut } from './serve-write.js';
import type { TreeParameterName } from './tree-parameters.js';

/** What can be done to a node. */
export interface TreeMethod {
  readonly summary: string;
  /** Whether the request has JSON as its body. */
  readonly hasBody: boolean;
  /** What the answer is. */
  readonly answer: string;
  serve(call: TreeCall): Promise<void>;
}

/** By the methods of HTTP. */
export const TREE_METHODS: ReadonlyMap<string, TreeMethod> = new Map([
  [
    'GET',
    {
      summary: 'Read a node, or with `Accept: text/event-stream` listen to it',
      hasBody: false,
      answer: 'The node; null if there is none',
      serve: serveRead,
    },
  ],
  ['PUT', { summary: 'Replace a node', hasBody: true, answer: 'What was written', serve: servePut }],
  [
    'PATCH',
    {
      summary: 'Replace the nodes that the keys of the body name; keys may be deep paths',
      hasBody: true,
      answer: 'What was written',
      serve: servePatch,
    },
  ],
  ['POST', { summary: 'Add a child under a new key', hasBody: true, answer: '`{"name": KEY}`', serve: servePost }],
  ['DELETE', { summary: 'Remove a node', hasBody: false, answer: 'null', serve: serveDelete }],
]);

const OVERRIDE = 'x-http-method-override' satisfies TreeParameterName;

/**
 * What the request does: its method or, for those who can send no others, the one that a `POST` names as `X-HTTP-Method-Override`, in a
 * header or in the query string. Null if there is no such thing.
 */
export function methodOf(request: IncomingMessage, query: ParsedUrlQuery): TreeMethod | null {
  const { method = '', headers } = request;
  if (method === 'HEAD') return TREE_METHODS.get('GET') ?? null;
  if (method !== 'POST') return TREE_METHODS.get(method) ?? null;
  const override = headers[OVERRIDE] ?? overrideIn(query);
  return TREE_METHODS.get(typeof override === 'string' ? override.toUpperCase() : method) ?? null;
}

/** As for a header, capitals make no difference to the name. */
function overrideIn(query: ParsedUrlQuery): string | null {
  const entry = Object.entries(query).find(([name]) => name.toLowerCase() === OVERRIDE);
  return entry === undefined ? null : textOf({ [OVERRIDE]: entry[1] }, OVERRIDE);
}
