import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import compression from 'compression';
import type { Request, Response } from 'express';
import { fileNameParameters } from '../content-disposition.js';
import { sendNothing, type TreeCall } from './call.js';
import { deadlineOf } from './deadline.js';
import { prettyJson } from './pretty-json.js';

/** Below this many bytes compressing costs more than it saves. */
const WORTH_COMPRESSING = 1_024;

/** The library is made for express, of whose requests and responses it uses what those of Node have. */
const compress: (request: Request, response: Response, next: () => void) => void = compression({ threshold: 0 });

/**
 * Answers with JSON as the request wants it: pretty, called by a function, compressed, as a file, or not at all. Takes a chunk only when
 * the client has read those before; one that reads nothing for `stallTimeoutMs` is cut off.
 */
export async function sendJson(
  call: TreeCall,
  json: Iterable<Uint8Array>,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { print, callback } = call.parameters;
  if (print === 'silent') {
    end(json);
    sendNothing(call, { headers });
    return;
  }
  const printed = print === 'pretty' ? prettyJson(json) : json;
  await sendChunks(call, callback === null ? printed : called(callback, printed), headers);
}

/** Answers with chunks of UTF-8 as they are. */
async function sendChunks(
  call: TreeCall,
  chunks: Iterable<Uint8Array>,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const deadline = deadlineOf(call);
  let held: Uint8Array | null = null;
  let flow: Flow | null = null;
  for (const chunk of chunks) {
    deadline.check();
    if (held !== null) {
      flow ??= beginStream(call, headers);
      if (!(await flow.write(held))) return;
    }
    held = chunk;
  }
  if (flow === null) sendWhole(call, held ?? new Uint8Array(), headers);
  else call.response.end(held);
}

/** Answers with what is known as a whole. */
function sendWhole(call: TreeCall, json: Uint8Array, more: Readonly<Record<string, string>>): void {
  const { response, headers } = call;
  const head = { ...headers, ...shapeOf(call), ...more, 'content-length': String(json.length) };
  if (json.length < WORTH_COMPRESSING) response.writeHead(200, head);
  else setHead(call, head);
  response.end(json);
}

/** Sends the head; to `HEAD` nothing follows it. */
function beginStream(call: TreeCall, more: Readonly<Record<string, string>>): Flow {
  setHead(call, { ...call.headers, ...shapeOf(call), ...more });
  if (call.request.method === 'HEAD') call.response.end();
  return new Flow(call.response, call.limits.stallTimeoutMs);
}

/** Sets the headers of an answer that is compressed if the client takes that. */
function setHead({ request, response }: TreeCall, head: Readonly<Record<string, string>>): void {
  if (request.headers['accept-encoding'] !== undefined) compress(request as Request, response as Response, () => {});
  response.statusCode = 200;
  for (const [name, value] of Object.entries(head)) response.setHeader(name, value);
}

/** Headers that say how the JSON comes. */
function shapeOf({ parameters: { callback, download }, anyPageMayCall }: TreeCall): Record<string, string> {
  const shape: Record<string, string> = {
    'content-type': callback === null ? 'application/json; charset=utf-8' : 'text/javascript; charset=utf-8',
  };
  if (callback !== null && anyPageMayCall) shape['cross-origin-resource-policy'] = 'cross-origin';
  if (download !== null) shape['content-disposition'] = `attachment; ${fileNameParameters(download)}`;
  return shape;
}

/** A comment goes first, so that no other format begins like it. */
function* called(callback: string, json: Iterable<Uint8Array>): Generator<Uint8Array, undefined> {
  yield Buffer.from(`/**/${callback}(`);
  yield* json;
  yield Buffer.from(');');
}

/** Lets go of what an iterator holds. */
function end(chunks: Iterable<Uint8Array>): void {
  chunks[Symbol.iterator]().return?.();
}

/** Writes with regard to what the client has read. */
class Flow {
  readonly #response: ServerResponse;
  readonly #stallMs: number;
  #wake: () => void = () => {};

  constructor(response: ServerResponse, stallMs: number) {
    this.#response = response;
    this.#stallMs = stallMs;
    response.on('drain', () => this.#wake()).on('close', () => this.#wake());
  }

  /** Resolves when there is room for more; with false if the client has gone, or is cut off for having read nothing. */
  async write(chunk: Uint8Array): Promise<boolean> {
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return false;
    if (response.write(chunk)) await nextTurn();
    else if (!(await this.#room())) response.destroy();
    return !response.destroyed;
  }

  #room(): Promise<boolean> {
    return new Promise((resolve) => {
      const stalled = setTimeout(() => resolve(false), this.#stallMs);
      this.#wake = () => {
        clearTimeout(stalled);
        resolve(true);
      };
    });
  }
}
