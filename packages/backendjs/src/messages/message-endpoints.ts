import { ADMIN } from '@backside/protocol';
import { leafValue } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import type { LegacyCall, LegacyEndpoint, LegacyReply } from '../endpoint.js';
import { toBool } from '../http/coercion.js';
import { LegacyError, required } from '../http/legacy-error.js';
import { type Condition, condition, equals } from '../rows/condition.js';
import { encodeKey } from '../rows/encode-key.js';
import { requestConditions, requestPage, rowsReply, type SelectOptions, selectReply } from '../rows/reply.js';
import { rowOf } from '../rows/row-write.js';
import type { Table } from '../rows/table.js';
import { ARCHIVE, MESSAGES, SENT } from '../rows/tables.js';
import { addMessage } from './add-message.js';
import {
  type Box,
  changeMessages,
  changeRows,
  deletion,
  MARK_READ,
  MOVE_TO_ARCHIVE,
  updateOf,
} from './change-messages.js';
import { type MessageBoxes, openMessageBoxes, peerColumn, presentMessage, unreadPath } from './message-boxes.js';
import { FILLED } from './message-draft.js';
import type { MessageImages } from './message-images.js';

/** `/message/*`, but for the image itself. */
export function messageEndpoints(context: BackendjsContext, images: MessageImages | null): LegacyEndpoint[] {
  const boxes = openMessageBoxes(context, images);
  context.accountHooks.push({
    onDelete: (id) => ({ steps: [{ method: 'remove', path: ['messages', encodeKey(id)] }] }),
  });
  return [
    { paths: ['/message/add'], serve: (call) => addMessage(boxes, call) },
    { paths: ['/message/get'], serve: (call) => getInbox(boxes, call) },
    { paths: ['/message/get/unread'], serve: (call) => getUnread(boxes, call) },
    { paths: ['/message/get/archive'], serve: (call) => selectReply(call, boxOptions(boxes, call, ARCHIVE)) },
    { paths: ['/message/get/sent'], serve: (call) => selectReply(call, boxOptions(boxes, call, SENT)) },
    { paths: ['/message/read'], serve: (call) => markRead(boxes, call) },
    { paths: ['/message/archive'], serve: (call) => archive(boxes, call) },
    { paths: ['/message/update'], serve: (call) => update(boxes, call, MESSAGES) },
    { paths: ['/message/update/archive'], serve: (call) => update(boxes, call, ARCHIVE) },
    { paths: ['/message/del'], serve: (call) => remove(boxes, call, MESSAGES) },
    { paths: ['/message/del/archive'], serve: (call) => remove(boxes, call, ARCHIVE) },
    { paths: ['/message/del/sent'], serve: (call) => remove(boxes, call, SENT) },
  ];
}

/** Messages since a time, unless the request says otherwise. */
const SINCE: ReadonlyMap<string, string> = new Map([['mtime', 'ge']]);

function boxOptions(boxes: MessageBoxes, call: LegacyCall, table: Table): SelectOptions {
  const q = call.params.text('q');
  return {
    rows: boxes.rows,
    table,
    ops: SINCE,
    fixed: { id: call.requireAccount().id },
    ignored: ['q'],
    more: q === '' ? [] : [condition(table, { column: 'msg', operator: 'icontains', operand: q })],
    present: presentMessage(table),
  };
}

async function getInbox(boxes: MessageBoxes, call: LegacyCall): Promise<LegacyReply> {
  const options = boxOptions(boxes, call, MESSAGES);
  const { archive, trash, total } = call.control;
  if (!archive && !trash) return selectReply(call, options);
  const change = trash ? deletion(MESSAGES) : MOVE_TO_ARCHIVE;
  const box = boxOf(call, MESSAGES, requestConditions(call, options));
  if (total) return { count: await changeMessages(boxes, box, change) };
  const page = await requestPage(call, options);
  if (page === null) return [];
  const rows = await changeRows(boxes, { ...box, rows: page.rows }, change);
  return rowsReply(call, { rows, next: page.next }, options);
}

function boxOf(call: LegacyCall, table: Table, conditions: readonly Condition[]): Box {
  return { table, account: call.requireAccount().id, conditions };
}

const UNREAD: Condition = {
  ...condition(MESSAGES, { column: 'read', operator: 'ne', operand: 1 }),
  test: (read) => !toBool(read),
};

/** The flag, or where nobody has counted yet, the number itself. */
async function getUnread({ context, rows }: MessageBoxes, call: LegacyCall): Promise<LegacyReply> {
  const { id } = call.requireAccount();
  const flag = leafValue(context.database.read(ADMIN, unreadPath(id)).node);
  if (typeof flag === 'number') return { count: flag };
  return { count: await rows.count(MESSAGES, [equals(MESSAGES, 'id', id), UNREAD]) };
}

/** The messages that a request to change some names: by peer, by time, or both. */
function named(call: LegacyCall, table: Table): Box {
  const conditions = [equals(table, 'id', call.requireAccount().id)];
  for (const column of [peerColumn(table), 'mtime']) {
    const value = call.params.text(column);
    if (value !== '') conditions.push(equals(table, column, value));
  }
  return boxOf(call, table, conditions);
}

async function markRead(boxes: MessageBoxes, call: LegacyCall): Promise<LegacyReply> {
  await changeMessages(boxes, named(call, MESSAGES), MARK_READ);
  return [];
}

async function archive(boxes: MessageBoxes, call: LegacyCall): Promise<LegacyReply> {
  const box = named(call, MESSAGES);
  const count = await changeMessages(boxes, box, MOVE_TO_ARCHIVE);
  if (count === 0 && box.conditions.length === 3) throw new LegacyError(404, 'no message found');
  return [];
}

async function remove(boxes: MessageBoxes, call: LegacyCall, table: Table): Promise<LegacyReply> {
  const box = named(call, table);
  if (box.conditions.length === 1) throw new LegacyError(400, `${peerColumn(table)} or mtime is required`);
  await changeMessages(boxes, box, deletion(table));
  return [];
}

async function update(boxes: MessageBoxes, call: LegacyCall, table: Table): Promise<LegacyReply> {
  for (const name of ['sender', 'mtime']) if (call.params.text(name) === '') throw required(name);
  const columns = rowOf(table, call.params.columns());
  for (const name of FILLED) if (name !== 'read') delete columns[name];
  if (table === ARCHIVE) delete columns.read;
  if (Object.keys(columns).length > 0) await changeMessages(boxes, named(call, table), updateOf(table, columns));
  return [];
}
