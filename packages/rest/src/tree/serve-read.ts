import { BacksideError, HEADERS } from '@backside/protocol';
import { encodeNode, type Format, isPriorityPath, type Node, type Query } from '@backside/tree';
import { sendNothing, type TreeCall } from './call.js';
import { etagOf, isKnown, wantsEtag } from './etag.js';
import { missingIndex } from './missing-index.js';
import { sendJson } from './send-json.js';
import { serveEvents } from './serve-events.js';
import { shallowJson } from './shallow.js';

/** `GET` and `HEAD`: the node, some of its children, or the events of either. */
export async function serveRead(call: TreeCall): Promise<void> {
  const { request, parameters } = call;
  const tagged = wantsEtag(call) || request.headers['if-none-match'] !== undefined;
  if (tagged && (parameters.query !== null || parameters.shallow)) {
    throw new BacksideError('invalid-query', 'ETags are of whole nodes: neither of queries nor of shallow reads');
  }
  if (request.method === 'GET' && request.headers.accept?.includes('text/event-stream')) return serveEvents(call);
  const stale = await refresh(call);
  if (tagged) return serveTagged(call, stale);
  return sendJson(call, jsonOf(call), stale);
}

/** Brings the state up to date with what other nodes have acknowledged; where that cannot be, the headers say how old it may be. */
async function refresh({ database }: TreeCall): Promise<Record<string, string>> {
  try {
    await database.refresh();
  } catch (error) {
    const staleMs = database.staleness();
    if (!(error instanceof BacksideError) || error.code !== 'unavailable' || staleMs === null) throw error;
    return { [HEADERS.stale]: String(staleMs) };
  }
  return NOT_STALE;
}

const NOT_STALE: Record<string, string> = {};

/** What was asked for, as JSON. Throws before the first chunk is taken. */
function jsonOf(call: TreeCall): Iterable<Uint8Array> {
  const { database, principal, path, parameters } = call;
  const { format, query } = parameters;
  if (parameters.shallow) return shallowJson(call);
  if (query !== null) return encoded(readQuery(call, query), format);
  if (isPriorityPath(path)) return encoded(database.read(principal, path).node, format);
  return database.streamJson(principal, path, format).chunks;
}

function readQuery({ database, principal, path }: TreeCall, query: Query): Node {
  const { node, indexed } = database.read(principal, path, query);
  if (!indexed) throw missingIndex(path, query);
  return node;
}

/** Encodes the node when the first chunk is taken. */
function* encoded(node: Node, format: Format): Generator<Uint8Array, undefined> {
  yield Buffer.from(encodeNode(node, format));
}

/** The node with its ETag, which is of the very same state. */
async function serveTagged(call: TreeCall, stale: Record<string, string>): Promise<void> {
  const node = readTaggable(call);
  const etag = etagOf(node);
  const headers = { ...stale, etag };
  if (isKnown(call, etag)) sendNothing(call, { status: 304, headers });
  else await sendJson(call, encoded(node, call.parameters.format), headers);
}

/** The whole node, if it is not too large to be had whole. Throws `too-large`. */
export function readTaggable({ database, principal, path, limits }: TreeCall): Node {
  if (!isPriorityPath(path)) {
    let bytes = 0;
    for (const chunk of database.streamJson(principal, path, 'val').chunks) {
      bytes += chunk.length;
      if (bytes > limits.maxTaggedBytes) {
        throw new BacksideError('too-large', `a node of more than ${limits.maxTaggedBytes} bytes has no ETag`);
      }
    }
  }
  return database.read(principal, path).node;
}
