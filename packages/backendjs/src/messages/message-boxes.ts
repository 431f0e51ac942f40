import type { Path } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import { toBool, toText } from '../http/coercion.js';
import { encodeKey } from '../rows/encode-key.js';
import { Rows } from '../rows/rows.js';
import { newRow, type Row, type Table } from '../rows/table.js';
import { SENT } from '../rows/tables.js';
import { MessageClock } from './message-clock.js';
import { type MessageImages, messageImageUrl } from './message-images.js';

/** What the endpoints of messages work with. */
export interface MessageBoxes {
  readonly context: BackendjsContext;
  readonly rows: Rows;
  readonly clock: MessageClock;
  /** Null where no images are kept. */
  readonly images: MessageImages | null;
}

export function openMessageBoxes(context: BackendjsContext, images: MessageImages | null): MessageBoxes {
  return {
    context,
    images,
    rows: new Rows(context.database, context.tree),
    clock: new MessageClock(context.now),
  };
}

/** Where the number of unread messages of an account stands. */
export function unreadPath(account: string): Path {
  return ['messages', encodeKey(account), 'unread'];
}

export function isUnread(row: Row): boolean {
  return !toBool(row.read);
}

/** The column that names the other side. */
export function peerColumn(table: Table): 'sender' | 'recipient' {
  return table === SENT ? 'recipient' : 'sender';
}

/** A row as its owner gets it: the time as text, an image as its url. */
export function presentMessage(table: Table): (row: Row) => Row {
  return (row) => {
    const mtime = toText(row.mtime);
    const shown = newRow({ ...row, mtime });
    delete shown.icon;
    if (!toBool(row.icon)) return shown;
    const sender = toText(table === SENT ? row.id : row.sender);
    return newRow({ ...shown, icon: messageImageUrl({ sender, mtime }) });
  };
}
