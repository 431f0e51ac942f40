import type { Column } from './column.js';
import { defineTable, type Table } from './table.js';

const PUB: Column = { type: 'text', pub: true };
const KEY: Column = { type: 'text', primary: true, pub: true };
const OWN_KEY: Column = { type: 'text', primary: true };
const MTIME: Column = { type: 'mtime', pub: true };
const TYPE_KEY: Column = { ...KEY, ops: 'begins_with' };
const AUTO_COUNTER: Column = { type: 'counter', value: 0, autoincr: true };

export const ACCOUNTS: Table = defineTable({
  name: 'bk_account',
  levels: ['accounts', ['id']],
  privateLevels: ['me', ['id']],
  columns: {
    id: KEY,
    login: 'text',
    status: 'text',
    type: { type: 'text', admin: true },
    name: { type: 'text', pub: true, notEmpty: true },
    first_name: PUB,
    last_name: PUB,
    alias: PUB,
    email: 'email',
    phone: 'phone',
    website: 'text',
    company: 'text',
    birthday: 'text',
    gender: 'text',
    street: 'text',
    city: 'text',
    county: 'text',
    state: 'text',
    zipcode: 'text',
    country: 'text',
    device_id: 'text',
    geohash: 'text',
    latitude: 'real',
    longitude: 'real',
    location: 'text',
    ltime: 'bigint',
    ctime: { type: 'now', readonly: true },
    mtime: 'mtime',
  },
});

export const CONNECTIONS: Table = defineTable({
  name: 'bk_connection',
  joined: ['type', 'peer'],
  levels: ['connections', ['id'], ['type'], ['peer']],
  columns: { id: KEY, type: TYPE_KEY, peer: KEY, name: PUB, status: 'text', mtime: MTIME },
});

export const REFERENCES: Table = defineTable({
  name: 'bk_reference',
  joined: ['type', 'peer'],
  levels: ['references', ['id'], ['type'], ['peer']],
  columns: { id: KEY, type: TYPE_KEY, peer: KEY, name: PUB, status: 'text', mtime: MTIME },
});

export const LOCATIONS: Table = defineTable({
  name: 'bk_location',
  levels: ['locations', ['geohash'], ['id']],
  columns: { geohash: OWN_KEY, id: KEY, latitude: 'real', longitude: 'real', name: PUB, mtime: 'mtime' },
});

const MESSAGE = {
  name: 'text',
  msg: 'text',
  icon: 'int',
  icon_type: 'text',
  flags: 'list',
  ctime: { type: 'now', readonly: true },
} as const satisfies Record<string, Column | Column['type']>;
const MESSAGE_TIME: Column = { type: 'mtime', primary: true };

export const MESSAGES: Table = defineTable({
  name: 'bk_message',
  joined: ['mtime', 'sender'],
  levels: ['messages', ['id'], 'inbox', ['mtime', 'sender']],
  columns: { id: OWN_KEY, mtime: MESSAGE_TIME, sender: OWN_KEY, ...MESSAGE, read: 'int' },
});

export const ARCHIVE: Table = defineTable({
  name: 'bk_archive',
  joined: ['mtime', 'sender'],
  levels: ['messages', ['id'], 'archive', ['mtime', 'sender']],
  columns: { id: OWN_KEY, mtime: MESSAGE_TIME, sender: OWN_KEY, ...MESSAGE },
});

export const SENT: Table = defineTable({
  name: 'bk_sent',
  joined: ['mtime', 'recipient'],
  levels: ['messages', ['id'], 'sent', ['mtime', 'recipient']],
  columns: { id: OWN_KEY, mtime: MESSAGE_TIME, recipient: OWN_KEY, ...MESSAGE },
});

export const COUNTERS: Table = defineTable({
  name: 'bk_counter',
  levels: ['counters', ['id']],
  columns: {
    id: KEY,
    ping: { type: 'counter', value: 0, pub: true },
    like0: AUTO_COUNTER,
    like1: AUTO_COUNTER,
    follow0: AUTO_COUNTER,
    follow1: AUTO_COUNTER,
    mtime: 'mtime',
  },
});

export const ICONS: Table = defineTable({
  name: 'bk_icon',
  levels: ['icons', ['id'], ['prefix'], ['type']],
  columns: {
    id: OWN_KEY,
    prefix: OWN_KEY,
    type: TYPE_KEY,
    descr: PUB,
    acl_allow: 'text',
    tags: 'list',
    width: 'int',
    height: 'int',
    rotation: 'int',
    ext: 'text',
    latitude: 'real',
    longitude: 'real',
    mtime: 'mtime',
  },
});

export const PAGES: Table = defineTable({
  name: 'bk_pages',
  levels: ['pages', ['id']],
  columns: {
    id: KEY,
    title: PUB,
    subtitle: PUB,
    icon: PUB,
    link: PUB,
    content: PUB,
    toc: { type: 'bool', pub: true },
    pub: { type: 'bool', pub: true },
    userid: PUB,
    mtime: MTIME,
  },
});

export const STATUSES: Table = defineTable({
  name: 'bk_status',
  levels: ['status', ['id']],
  columns: { id: KEY, name: PUB, status: PUB, atime: { type: 'bigint', pub: true }, mtime: MTIME },
});

export const CONFIG: Table = defineTable({
  name: 'bk_config',
  tree: 'private',
  levels: ['config', ['type'], ['name']],
  columns: { type: OWN_KEY, name: OWN_KEY, value: 'text', status: 'text', ttl: 'int', mtime: 'mtime' },
});

const PROPERTIES: Table = defineTable({
  name: 'bk_property',
  tree: 'private',
  levels: ['properties', ['name']],
  columns: { name: OWN_KEY, value: 'text', count: 'counter', ttl: 'int', mtime: 'mtime' },
});

export const QUEUE: Table = defineTable({
  name: 'bk_queue',
  tree: 'private',
  levels: ['queue', ['id']],
  columns: { id: OWN_KEY, active: 'int', data: 'json', mtime: 'mtime' },
});

const COLLECT: Table = defineTable({
  name: 'bk_collect',
  tree: 'private',
  levels: ['collect', ['id'], ['mtime']],
  columns: {
    id: OWN_KEY,
    mtime: MESSAGE_TIME,
    app: 'text',
    ip: 'text',
    type: 'text',
    instance: 'text',
    worker: 'text',
    pid: 'int',
    latency: 'real',
    cpus: 'int',
    mem: 'bigint',
    ctime: 'now',
  },
});

/** Every table that endpoints can be asked for by name. Sign-in records are none of them: see the accounts' endpoints. */
export const TABLES: ReadonlyMap<string, Table> = new Map(
  [
    ACCOUNTS,
    CONNECTIONS,
    REFERENCES,
    LOCATIONS,
    MESSAGES,
    ARCHIVE,
    SENT,
    COUNTERS,
    ICONS,
    PAGES,
    STATUSES,
    CONFIG,
    PROPERTIES,
    QUEUE,
    COLLECT,
  ].map((table) => [table.name, table]),
);
