import type { Response } from 'express';

/** What an endpoint answers. Without a body the status is 204 unless it says otherwise. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is; `headers` may name a type other than plain text. */
  readonly text?: string;
}

export function sendReply(response: Response, reply: Reply): void {
  response.status(reply.status ?? (reply.json === undefined && reply.text === undefined ? 204 : 200));
  if (reply.json !== undefined) response.setHeader('content-type', 'application/json; charset=utf-8');
  else if (reply.text !== undefined) response.setHeader('content-type', 'text/plain; charset=utf-8');
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.end(reply.json === undefined ? reply.text : JSON.stringify(reply.json));
}
