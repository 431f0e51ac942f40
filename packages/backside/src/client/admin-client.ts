import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { unreachable } from './unreachable.js';

/** Where an admin's requests go: a socket in the data folder, or a server with an admin's token. */
export type AdminAddress = { readonly socket: string } | { readonly url: URL; readonly token: string | null };

export interface AdminRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  /** Sent as it is if it is text, else as JSON. */
  readonly body?: unknown;
}

/** Asks the server; resolves with the body's text. Rejects with the server's message if it refuses. */
export async function askServer(address: AdminAddress, request: AdminRequest): Promise<string> {
  const { status, body } = await exchange(address, request);
  if (status < 300) return body;
  throw new Error(messageIn(body) ?? `the server answered with status ${status}`);
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function exchange(address: AdminAddress, { method, path, body }: AdminRequest): Promise<Answer> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if ('token' in address && address.token !== null) headers.authorization = `Bearer ${address.token}`;
  return new Promise((resolve, reject) => {
    const send = 'url' in address && address.url.protocol === 'https:' ? httpsRequest : httpRequest;
    const place =
      'socket' in address
        ? { socketPath: address.socket }
        : { host: address.url.hostname.replace(/^\[(.*)\]$/, '$1'), port: address.url.port || undefined };
    const request = send({ ...place, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.on('error', (cause) => {
      reject(unreachable('socket' in address ? address.socket : address.url.origin, cause));
    });
    request.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
  });
}

/** The message of `{"error": {"message", "problems"}}`, or null if the body is something else. */
function messageIn(body: string): string | null {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } | string };
    if (typeof error === 'string') return error;
    return typeof error?.message === 'string' ? error.message : null;
  } catch {
    return null;
  }
}
