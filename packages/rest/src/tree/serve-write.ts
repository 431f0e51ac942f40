import type { Precondition, WriteResult, WriteStep } from '@backside/api';
import { BacksideError } from '@backside/protocol';
import { encodeNode, type Node, nodeFromJson, UNLIMITED } from '@backside/tree';
import { announcedBytes } from '../request-charge.js';
import { readBody } from './body.js';
import { sendNothing, sendText, type TreeCall } from './call.js';
import { renewed } from './credential.js';
import { etagOf, hashToMatch, wantsEtag } from './etag.js';
import { importBody } from './import-body.js';
import { NOT_JSON } from './refusal.js';
import { readTaggable } from './serve-read.js';
import { maxBytesOf } from './write-size.js';
import { written, writtenChildren } from './written.js';

/** `PUT`: replaces the node. */
export async function servePut(admitted: TreeCall): Promise<void> {
  const { path, parameters, principal } = admitted;
  if (parameters.writeSize === 'unlimited' && principal.kind === 'admin' && hashToMatch(admitted) === undefined) {
    return importBody(admitted);
  }
  const { call, value } = await receive(admitted);
  const result = await write(call, { method: 'set', path, value });
  if (result === null) return;
  let made: Node | undefined;
  const node = (): Node => {
    made ??= nodeFromJson(written(call, value, result), { limits: UNLIMITED });
    return made;
  };
  answer(call, () => encodeNode(node(), parameters.format), node);
}

/** `PATCH`: replaces what the keys of the object name, as deep as they go. */
export async function servePatch(admitted: TreeCall): Promise<void> {
  const { path } = admitted;
  const { call, value } = await receive(admitted);
  const result = await write(call, { method: 'update', path, value });
  if (result !== null) answer(call, () => writtenChildren(call, value, result));
}

/** `POST`: adds a child whose key is a push id. */
export async function servePost(admitted: TreeCall): Promise<void> {
  const { path } = admitted;
  const { call, value } = await receive(admitted);
  const result = await write(call, { method: 'push', path, value });
  if (result !== null) answer(call, () => JSON.stringify({ name: result.pushed[0]?.at(-1) }));
}

/** `DELETE`: removes the node. */
export async function serveDelete(call: TreeCall): Promise<void> {
  const { path } = call;
  const result = await write(call, { method: 'remove', path });
  if (result !== null)
    answer(
      call,
      () => 'null',
      () => null,
    );
}

/** What was sent, and the call as its sender may make it now that it is there. */
interface Received {
  readonly call: TreeCall;
  readonly value: unknown;
}

/**
 * Waits for the body. Who was admitted when all of it had come already need not be looked at again, as with nearly every small one.
 * Rejects as `readJson` does and as `renewed` throws.
 */
async function receive(admitted: TreeCall): Promise<Received> {
  const isThere = admitted.request.complete;
  const value = await readJson(admitted);
  return { call: isThere ? admitted : renewed(admitted), value };
}

/** The body, whatever type it says it has. Rejects with `invalid-data`, `too-large` or `rate-limited`. */
async function readJson({ request, parameters, limits, settings, quota, now }: TreeCall): Promise<unknown> {
  const size = parameters.writeSize ?? settings.get('defaultWriteSizeLimit');
  const body = await readBody(request, maxBytesOf(size, limits.maxBodyBytes));
  if (announcedBytes(request) === undefined) quota.spend(body.length, now());
  try {
    return JSON.parse(UTF_8.decode(body)) as unknown;
  } catch (cause) {
    throw new BacksideError('invalid-data', NOT_JSON, { cause });
  }
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Makes the write on the condition of `If-Match`; null once it is answered that the condition does not hold. */
async function write(call: TreeCall, step: WriteStep): Promise<WriteResult | null> {
  const { database, principal, path } = call;
  const hash = hashToMatch(call);
  const steps = [step];
  if (hash === undefined) return database.write({ principal, steps });
  const preconditions: Precondition[] = [{ path, hash }];
  try {
    return await database.write({ principal, steps, preconditions });
  } catch (error) {
    if (!(error instanceof BacksideError) || error.code !== 'precondition-failed') throw error;
    answerMismatch(call);
    return null;
  }
}

/** With what stands there instead, and its ETag. */
function answerMismatch(call: TreeCall): void {
  const node = readTaggable(call);
  const headers = { etag: etagOf(node) };
  sendText(call, encodeNode(node, call.parameters.format), { status: 412, headers });
}

/**
 * @param json is made only if somebody wants to see it.
 * @param node what the ETag is of, where there can be one.
 */
function answer(call: TreeCall, json: () => string, node?: () => Node): void {
  const tagged = node !== undefined && (wantsEtag(call) || call.request.headers['if-match'] !== undefined);
  const headers: Record<string, string> = tagged ? { etag: etagOf(node()) } : {};
  if (call.parameters.print === 'silent') sendNothing(call, { headers });
  else sendText(call, pretty(call, json()), { headers });
}

function pretty({ parameters }: TreeCall, json: string): string {
  return parameters.print === 'pretty' ? JSON.stringify(JSON.parse(json), null, 2) : json;
}
