import { MAX_GRACE_MS, type Precondition, type WriteOperation, type WriteStep } from '@backside/api';
import { BacksideError, HEADERS } from '@backside/protocol';
import type { Frame } from '@backside/stomp';
import { hashNode, nodeFromJson, type Path } from '@backside/tree';
import { invalidHeader, wordHeader } from './frame-headers.js';

/** A write that has not been handed to the database yet. */
export type DraftOperation = { -readonly [Name in keyof WriteOperation]: WriteOperation[Name] };

const METHODS = ['set', 'update', 'push', 'remove'] as const;
type Method = (typeof METHODS)[number];

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const REVISION = /^\d{1,15}$/;
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Headers of a SEND that are for the server or for STOMP, and never travel on. Compared in lower case. */
const CONTROL_HEADERS: ReadonlySet<string> = new Set<string>([
  ...Object.values(HEADERS),
  'destination',
  'receipt',
  'receipt-id',
  'transaction',
  'login',
  'passcode',
  'content-length',
  'subscription',
  'message-id',
  'ack',
]);

/** What a SEND asks for, checked as far as that needs no data. Throws `invalid-data` or `invalid-header`. */
export function parseStep(frame: Frame, path: Path): WriteStep {
  return stepOf(wordHeader(frame, HEADERS.method, METHODS) ?? 'set', frame, path);
}

/** The operation that a SEND leaves for the end of its connection; `cancel` takes back what was left at and below the path. */
export function parseOnDisconnect(frame: Frame, path: Path): WriteStep | 'cancel' | undefined {
  const method = wordHeader(frame, HEADERS.onDisconnect, [...METHODS, 'cancel']);
  return method === undefined || method === 'cancel' ? method : stepOf(method, frame, path);
}

const GRACE = /^\d{1,7}$/;

/** How long after the end of the connection what a SEND leaves is made, in milliseconds. Throws `invalid-header`. */
export function parseGrace(frame: Frame): number {
  const text = frame.headers.get(HEADERS.grace);
  if (text === undefined) return 0;
  const graceMs = GRACE.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  if (graceMs > MAX_GRACE_MS) throw invalidHeader(HEADERS.grace, `milliseconds, at most ${MAX_GRACE_MS}`);
  return graceMs;
}

function stepOf(method: Method, frame: Frame, path: Path): WriteStep {
  if (method === 'remove') return { method, path };
  const value = parseBody(frame.body);
  if (method === 'update') return { method, path, value };
  const priority = frame.headers.get(HEADERS.priority);
  return priority === undefined ? { method, path, value } : { method, path, value, priority: parsePriority(priority) };
}

/** JSON in strict UTF-8. Throws `invalid-data`, without a word of the body. */
export function parseBody(body: Uint8Array): unknown {
  try {
    return JSON.parse(DECODER.decode(body));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new BacksideError('invalid-data', 'the body is not JSON');
    throw new BacksideError('invalid-data', 'the body is not UTF-8');
  }
}

/** A number if it reads as one, else the text; empty for none. */
function parsePriority(text: string): string | number | null {
  if (text === '') return null;
  return NUMBER.test(text) ? Number(text) : text;
}

/** `if-match`: digits are a revision; `=` and JSON with its priorities is what is there, `=null` nothing; anything else is a hash. */
export function parsePrecondition(frame: Frame, path: Path): Precondition | undefined {
  const text = frame.headers.get(HEADERS.ifMatch);
  if (text === undefined) return undefined;
  if (text === '') throw invalidHeader(HEADERS.ifMatch, 'a revision, a hash, or = and JSON');
  if (REVISION.test(text)) return { path, revision: Number(text) };
  return { path, hash: text.startsWith('=') ? hashOfJson(text.slice(1), path.length) : text };
}

function hashOfJson(text: string, depth: number): string {
  try {
    return hashNode(nodeFromJson(JSON.parse(text), { depth }));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw invalidHeader(HEADERS.ifMatch, 'a revision, a hash, or = and JSON');
    throw cause;
  }
}

/** Adds how the write is made: the parts of an operation that a SEND, or the COMMIT of a transaction, decides. */
export function readWriteOptions(frame: Frame, operation: DraftOperation): void {
  const ackLevel = wordHeader(frame, HEADERS.ackLevel, ['applied', 'durable', 'replicated']);
  const idempotencyKey = frame.headers.get(HEADERS.idempotencyKey);
  if (ackLevel !== undefined) operation.ackLevel = ackLevel;
  if (idempotencyKey !== undefined) operation.idempotencyKey = idempotencyKey;
}

/** The headers that the writer means for the readers. Of repeated ones the first. */
export function applicationHeaders(frame: Frame): [string, string][] | undefined {
  let headers: [string, string][] | undefined;
  frame.headers.forEach((name, value) => {
    if (CONTROL_HEADERS.has(name.toLowerCase()) || isPlainJson(name, value)) return;
    if (headers?.some(([known]) => known === name)) return;
    headers ??= [];
    headers.push([name, value]);
  });
  return headers;
}

/** What every MESSAGE says unless its writer said otherwise. */
function isPlainJson(name: string, value: string): boolean {
  return name === 'content-type' && value === 'application/json';
}
