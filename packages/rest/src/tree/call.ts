import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Database } from '@backside/api';
import type { Auth, Quota } from '@backside/auth';
import type { Principal } from '@backside/protocol';
import type { Path } from '@backside/tree';
import type { DatabaseSettings } from '../settings/database-settings.js';
import type { Parameters } from './parameters.js';
import type { Streams } from './streams.js';
import type { TreeLimits } from './tree-limits.js';

/** A request for a node, by somebody who is known. */
export interface TreeCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: Path;
  readonly parameters: Parameters;
  readonly database: Database;
  readonly auth: Auth;
  /** Who acts. */
  readonly principal: Principal;
  /** Who proved it: another only where an admin acts as somebody else. */
  readonly credential: Principal;
  /** Of the client, see `clientAddress`. */
  readonly address: string;
  /** Of every answer to this request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether pages of all origins may read the answer; then they may have it as a script, too. */
  readonly anyPageMayCall: boolean;
  readonly limits: TreeLimits;
  /** What whoever proved it may take; the request itself is paid for. */
  readonly quota: Quota;
  readonly settings: DatabaseSettings;
  readonly streams: Streams;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** Answers with a whole text, JSON unless `headers` says otherwise. */
export function sendText(
  { response, headers }: Pick<TreeCall, 'response' | 'headers'>,
  text: string,
  more: { readonly status?: number; readonly headers?: Readonly<Record<string, string | number>> } = {},
): void {
  response.writeHead(more.status ?? 200, {
    ...headers,
    'content-type': JSON_TYPE,
    ...more.headers,
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Answers that there is nothing to tell. */
export function sendNothing(
  { response, headers }: Pick<TreeCall, 'response' | 'headers'>,
  more: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): void {
  response.writeHead(more.status ?? 204, { ...headers, ...more.headers });
  response.end();
}
