import { isValidKey, type Json } from '@backside/tree';
import type { LegacyAccount } from '../credentials/legacy-account.js';
import type { LegacyCall } from '../endpoint.js';
import { LegacyError } from '../http/legacy-error.js';
import { encodeKey } from '../rows/encode-key.js';
import { rowOf } from '../rows/row-write.js';
import { newRow, type Row } from '../rows/table.js';
import { MESSAGES } from '../rows/tables.js';

/** Accounts that one message may go to. */
const MAX_RECIPIENTS = 100;

/** What the server says of a message, whatever the sender says. */
export const FILLED: readonly string[] = [
  'id',
  'mtime',
  'sender',
  'recipient',
  'name',
  'icon',
  'icon_type',
  'read',
  'ctime',
];

/** A message that is to be sent. */
export interface MessageDraft {
  readonly sender: LegacyAccount;
  readonly recipients: readonly string[];
  /** The text, and whatever columns an application added to messages. */
  readonly columns: Row;
  /** Null for none. */
  readonly image: Uint8Array | null;
  readonly keepsSent: boolean;
  readonly publishes: boolean;
}

/** Recipients that can be nobody, and why. */
export type Refused = { readonly id: string; readonly error: string };

/** Reads a request to send a message. Throws 400 for one without recipient, text and image. */
export function readDraft(call: LegacyCall): { draft: MessageDraft; refused: Refused[] } {
  const { params, control } = call;
  const ids = [...new Set(params.list('id'))];
  if (ids.length === 0) throw new LegacyError(400, 'recipient id is required');
  if (ids.length > MAX_RECIPIENTS) throw new LegacyError(400, `more than ${MAX_RECIPIENTS} recipients`);
  const image = imageOf(call);
  if (params.text('msg') === '' && image === null) throw new LegacyError(400, 'msg or icon is required');
  const columns = newRow(rowOf(MESSAGES, params.columns()));
  for (const name of FILLED) delete columns[name];
  const draft = {
    sender: call.requireAccount(),
    recipients: ids.filter(canReceive),
    columns,
    image,
    keepsSent: !control.noSent,
    publishes: control.publish,
  };
  return { draft, refused: ids.filter((id) => !canReceive(id)).map((id) => ({ id, error: 'invalid id' })) };
}

/** Whether a message to this id has a place in the tree: among the sender's own it stands behind its time. */
function canReceive(id: string): boolean {
  return isValidKey(`0000000000000:${encodeKey(id)}`);
}

/** From a form's file, or as base64. */
function imageOf({ params, files }: LegacyCall): Uint8Array | null {
  const file = files.get('icon');
  if (file !== undefined) return file.bytes.length === 0 ? null : file.bytes;
  const text: Json | undefined = params.get('icon');
  return typeof text === 'string' && text !== '' ? Buffer.from(text, 'base64') : null;
}
