import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BacksideError } from '@backside/protocol';
import { type Database, open, type RootDatabase, type Transaction } from 'lmdb';
import { INDEX_KEY_ENCODER, type IndexEntry, type IndexKey } from './index-key.js';
import { type Meta, NEW_META, parseMeta } from './meta.js';
import { NODE_KEY_ENCODER, type NodeKey, PLACE_ENCODER } from './node-key.js';
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

/**
 * Opens the environment in `directory`; an owner creates it if it is missing. Every transaction is on disk when it is
 * committed. Throws `unavailable` if it cannot be opened, or is missing and may not be made.
 */
export function openEnvironment(directory: string, access: 'owner' | 'reader'): Environment {
  try {
    if (access === 'reader' && !existsSync(join(directory, 'data.mdb'))) throw new Error('there is none');
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
      indexBytes: openKeyed(root, 'index', BYTES_ENCODER),
      garbage: openKeyed(root, 'garbage', PLACE_ENCODER),
      directory,
    };
  } catch (cause) {
    throw new BacksideError('unavailable', `the replica in ${directory} cannot be opened`, { cause });
  }
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

/** To be called inside a write transaction. */
export function writeMeta(environment: Environment, meta: Meta): void {
  environment.root.putSync(META_KEY, Buffer.from(JSON.stringify(meta)));
}
