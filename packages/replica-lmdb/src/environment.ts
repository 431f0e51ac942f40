import { BacksideError } from '@backside/protocol';
import { type Database, open, type RootDatabase, type Transaction } from 'lmdb';
import { inspectDataFile } from './data-file.js';
import { INDEX_KEY_ENCODER, type IndexEntry, type IndexKey } from './index-key.js';
import { FORMAT_VERSION, type Meta, NEW_META, parseAnyMeta, parseMeta } from './meta.js';
import { NODE_KEY_ENCODER, type NodeKey, PLACE_ENCODER } from './node-key.js';
import { readThroughSync } from './read-through.js';
import { decodeRecord, type StoredRecord } from './record.js';

/** The databases of one LMDB environment. Values are bytes; what a read hands out may be overwritten by the next read. */
export interface Environment {
  readonly root: RootDatabase<Uint8Array, Uint8Array>;
  readonly nodes: KeyedDatabase<NodeKey>;
  readonly index: KeyedDatabase<IndexKey, IndexEntry>;
  /** The entries of `index` under their bare keys. */
  readonly indexBytes: KeyedDatabase<Uint8Array, Uint8Array>;
  /** Detached maps and dropped indexes, to be collected. */
  readonly garbage: KeyedDatabase<NodeKey, NodeKey>;
  readonly directory: string;
}

export interface EntryRange<Key> {
  readonly start?: Key;
  readonly end?: Key;
  readonly exclusiveStart?: boolean;
  readonly inclusiveEnd?: boolean;
  readonly reverse?: boolean;
  readonly limit?: number;
  readonly transaction?: Transaction;
}

/** What is used of a database whose keys are written and read by an encoder of ours. */
interface KeyedDatabase<Key, ReadKey = string> {
  /** How many bytes the last read value has. */
  readonly lastSize: number;
  getBinaryFast(key: Key, options?: { transaction: Transaction }): Buffer | undefined;
  getRange(range: EntryRange<Key>): Iterable<{ key: ReadKey; value: Buffer }>;
  getKeys(range: EntryRange<Key>): Iterable<ReadKey>;
  getStats(): { readonly entryCount: number };
  put(key: Key, value: Uint8Array): unknown;
  remove(key: Key): unknown;
}

interface KeyEncoder<Key, ReadKey> {
  writeKey(key: Key, target: Uint8Array, start: number): number;
  readKey(source: Uint8Array, start: number, end: number): ReadKey;
}

const META_KEY: Uint8Array = Buffer.from('meta');

/** Hands values over as they lie in LMDB's read buffer, without a copy. */
const RAW_VALUES: { encode(value: Uint8Array): Uint8Array; decode(bytes: Buffer): Buffer } = {
  encode: (value) => value,
  decode: (bytes) => bytes,
};

const BYTES_ENCODER: KeyEncoder<Uint8Array, Uint8Array> = {
  writeKey(key, target, start) {
    target.set(key, start);
    return start + key.length;
  },
  readKey: (source, start, end) => Uint8Array.from(source.subarray(start, end)),
};

/** What LMDB says of pages that cannot be: `MDB_PAGE_NOTFOUND`, `MDB_CORRUPTED`, `MDB_VERSION_MISMATCH`, `MDB_INVALID`. */
const DAMAGE_CODES: readonly unknown[] = [-30797, -30796, -30794, -30793];

/**
 * Opens the environment in `directory`; an owner creates it if it is missing. Every transaction is on disk when it is
 * committed. Throws `internal` if its file is damaged, as far as its head and its length tell, `unavailable` if it cannot be opened,
 * or is missing and may not be made.
 */
export function openEnvironment(directory: string, access: 'owner' | 'reader'): Environment {
  try {
    assertPlausible(directory, access);
    return openAsItIs(directory, access);
  } catch (cause) {
    if (cause instanceof BacksideError) throw cause;
    throw new BacksideError('unavailable', `the replica in ${directory} cannot be opened`, { cause });
  }
}

function assertPlausible(directory: string, access: 'owner' | 'reader'): void {
  const state = inspectDataFile(directory);
  if (state.kind === 'none' && access === 'reader') throw new Error('there is none');
  if (state.kind === 'damaged') throw damagedReplica(directory, state.problem);
  // What is missing may be unused: only reading through tells.
  if (state.kind === 'short' && readThroughSync(directory).problem !== null)
    throw damagedReplica(directory, state.problem);
}

/** Opens an environment without a look at its file before: whoever does that may be ended by the system. */
export function openAsItIs(directory: string, access: 'owner' | 'reader'): Environment {
  try {
    const root = open<Uint8Array, Uint8Array>({
      path: directory,
      noSubdir: false,
      readOnly: access === 'reader',
      overlappingSync: false,
      noMemInit: true,
      maxDbs: 8,
      maxReaders: 512,
      keyEncoding: 'binary',
      encoding: 'binary',
    });
    return {
      root,
      nodes: openKeyed(root, 'nodes', NODE_KEY_ENCODER),
      index: openKeyed(root, 'index', INDEX_KEY_ENCODER),
      indexBytes: openBytes(root, 'index'),
      garbage: openKeyed(root, 'garbage', PLACE_ENCODER),
      directory,
    };
  } catch (cause) {
    if (DAMAGE_CODES.includes((cause as { code?: unknown }).code))
      throw damagedReplica(directory, (cause as Error).message, cause);
    throw cause;
  }
}

function damagedReplica(directory: string, problem: string, cause?: unknown): BacksideError {
  return new BacksideError('internal', `the replica in ${directory} is damaged: ${problem}`, { cause });
}

/** A database under its bare keys. */
export function openBytes(
  root: RootDatabase<Uint8Array, Uint8Array>,
  name: string,
): KeyedDatabase<Uint8Array, Uint8Array> {
  return openKeyed(root, name, BYTES_ENCODER);
}

function openKeyed<Key, ReadKey>(
  root: RootDatabase<Uint8Array, Uint8Array>,
  name: string,
  keyEncoder: KeyEncoder<Key, ReadKey>,
): KeyedDatabase<Key, ReadKey> {
  // lmdb's own types know neither custom encoders of keys nor the keys that these make possible.
  const options = { name, encoder: RAW_VALUES, keyEncoder } as unknown as { name: string };
  const database: Database | undefined = root.openDB(options);
  if (!database) throw new Error(`there is no database named ${name}`);
  return database as unknown as KeyedDatabase<Key, ReadKey>;
}

/** Reads single records. */
export interface RecordReader {
  read(id: number, key: string): StoredRecord | null;
}

export interface RecordSource extends RecordReader {
  /** The keys of the map `id` from `key` on, in order. */
  keys(id: number, key: string): Iterable<string>;
}

/** Reads in one read transaction, or in the write transaction under way. */
export function recordReader({ nodes }: Environment, transaction?: Transaction): RecordSource {
  const options = transaction && { transaction };
  const place: NodeKey = { id: 0, key: '' };
  return {
    read(id, key) {
      place.id = id;
      place.key = key;
      const bytes = nodes.getBinaryFast(place, options);
      return bytes ? decodeRecord(bytes, nodes.lastSize) : null;
    },
    keys: (id, key) => nodes.getKeys({ start: { id, key }, end: { id: id + 1, key: '' }, ...options }),
  };
}

/** What the environment says of itself, in a read transaction or in the write transaction under way. */
export function readMeta(environment: Environment, transaction?: Transaction): Meta {
  const bytes = environment.root.get(META_KEY, transaction && { transaction });
  return bytes ? parseMeta(bytes, environment.directory) : NEW_META;
}

/** The format that the environment names. */
export function readFormat({ root, directory }: Environment): number {
  const bytes = root.get(META_KEY);
  return bytes ? parseAnyMeta(bytes, directory).format : FORMAT_VERSION;
}

/** To be called inside a write transaction. */
export function writeMeta(environment: Environment, meta: Meta): void {
  environment.root.putSync(META_KEY, Buffer.from(JSON.stringify(meta)));
}
