import {
  canonicalQuery,
  formatPath,
  isPriorityPath,
  isValidKey,
  type Json,
  nodeFromJson,
  UNLIMITED,
} from '@backside/tree';
import type { ListenTarget } from '../link/connection.js';
import type { WireStep, WireWrite } from '../link/write.js';
import type { StoredListen } from './sync-store.js';

/** Stands in every record; records of another version are foreign. */
const VERSION = 1;
const RESUME_POINT = /^.+:\d+$/;
const METHODS: ReadonlySet<unknown> = new Set(['set', 'update', 'push', 'remove']);
const ACK_LEVELS: ReadonlySet<unknown> = new Set(['applied', 'durable', 'replicated']);

/** A queued write and the tab that is to send it. */
export interface QueuedWrite {
  readonly owner: string;
  readonly write: WireWrite;
}

/** When a listen was last listened to, in milliseconds since 1970, and what it takes, in bytes. */
export interface ListenUse {
  readonly at: number;
  readonly bytes: number;
}

/** The same for the same view, different for different ones. */
export function listenName({ path, query }: ListenTarget): string {
  return query === null ? formatPath(path) : `${formatPath(path)}?${canonicalQuery(query)}`;
}

export function encodeListen({ node, resume }: StoredListen): string {
  return JSON.stringify({ v: VERSION, resume, node });
}

/** Throws unless the text is what `encodeListen` gave, with data that a tree can hold. */
export function decodeListen(text: string): StoredListen {
  const { resume, node } = recordOf(text);
  if (typeof resume !== 'string' || !RESUME_POINT.test(resume)) throw new TypeError('no resume point');
  nodeFromJson(node, { limits: UNLIMITED });
  return { node: node as Json, resume };
}

export function encodeUse({ at, bytes }: ListenUse): string {
  return JSON.stringify({ v: VERSION, at, bytes });
}

export function decodeUse(text: string): ListenUse {
  const { at, bytes } = recordOf(text);
  if (typeof at !== 'number' || typeof bytes !== 'number') throw new TypeError('no use of a listen');
  return { at, bytes };
}

export function encodeWrite({ owner, write }: QueuedWrite): string {
  return JSON.stringify({ v: VERSION, owner, write });
}

/** Throws unless the text is what `encodeWrite` gave. */
export function decodeWrite(text: string): QueuedWrite {
  const { owner, write } = recordOf(text);
  if (typeof owner !== 'string' || !isWrite(write)) throw new TypeError('not a queued write');
  return { owner, write };
}

function recordOf(text: string): Readonly<Record<string, unknown>> {
  const record: unknown = JSON.parse(text);
  if (!isObject(record) || record.v !== VERSION) throw new TypeError(`not a record of version ${VERSION}`);
  return record;
}

function isWrite(write: unknown): write is WireWrite {
  if (!isObject(write) || !ACK_LEVELS.has(write.ackLevel)) return false;
  if (typeof write.key !== 'string' || write.key === '') return false;
  if (write.author !== undefined && typeof write.author !== 'string') return false;
  return Array.isArray(write.steps) && write.steps.length > 0 && write.steps.every(isStep);
}

function isStep(step: unknown): step is WireStep {
  return isObject(step) && METHODS.has(step.method) && isStoredPath(step.path);
}

function isStoredPath(path: unknown): boolean {
  if (!Array.isArray(path) || !path.every((key) => typeof key === 'string')) return false;
  const keys = isPriorityPath(path) ? path.slice(0, -1) : path;
  return keys.every((key) => isValidKey(key));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
