import type { IncomingMessage, ServerResponse } from 'node:http';

const VERSION = '1.0.0';
const PART_TYPE = 'application/offset+octet-stream';
/** Methods that cannot be had everywhere. */
const OVERRIDDEN: ReadonlySet<string> = new Set(['PATCH', 'DELETE', 'HEAD']);

/**
 * The part of tus 1.0 that the library leaves out: `X-HTTP-Method-Override`, which replaces the method of a POST; 412 with `Tus-Version` for
 * another version, and 415 for a PATCH of another type. Whether the request is answered with that.
 */
export function refuseByProtocol(request: IncomingMessage, response: ServerResponse): boolean {
  const { headers } = request;
  const override = headers['x-http-method-override'];
  if (request.method === 'POST' && typeof override === 'string' && OVERRIDDEN.has(override)) request.method = override;
  if (request.method === 'OPTIONS') return false;
  if (headers['tus-resumable'] !== VERSION) {
    response.setHeader('tus-version', VERSION);
    refuse(response, 412, { code: 'precondition-failed', message: `the version of the protocol must be ${VERSION}` });
    return true;
  }
  if (request.method !== 'PATCH' || headers['content-type'] === PART_TYPE) return false;
  refuse(response, 415, { code: 'invalid-data', message: `the type must be ${PART_TYPE}` });
  return true;
}

function refuse(response: ServerResponse, status: number, error: { readonly code: string; readonly message: string }) {
  response.writeHead(status, { 'content-type': 'application/json', 'tus-resumable': VERSION });
  response.end(JSON.stringify({ error }));
}
