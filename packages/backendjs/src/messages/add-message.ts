import type { WriteStep } from '@backside/api';
import type { Json } from '@backside/tree';
import type { LegacyCall } from '../endpoint.js';
import { eventSteps } from '../events/event.js';
import { toText } from '../http/coercion.js';
import { LegacyError } from '../http/legacy-error.js';
import { isUnclear } from '../rows/is-unclear.js';
import { increment } from '../rows/row-store.js';
import { putSteps } from '../rows/row-write.js';
import { untilUndisturbed } from '../rows/rows.js';
import { newRow, pathOf, type Row, type Table } from '../rows/table.js';
import { MESSAGES, SENT } from '../rows/tables.js';
import { type MessageBoxes, unreadPath } from './message-boxes.js';
import { type MessageDraft, readDraft } from './message-draft.js';

/**
 * `/message/add`: one commit puts the message into every inbox and the sender's own box, counts it as unread and tells the recipients.
 * Answers `{id, mtime, sender}` per recipient, or `{id, error}` for an id that can be nobody's.
 */
export async function addMessage(boxes: MessageBoxes, call: LegacyCall): Promise<Json> {
  const { draft, refused } = readDraft(call);
  if (draft.image !== null && boxes.images === null) throw new LegacyError(400, 'images are not kept here');
  if (draft.recipients.length === 0) return refused.map((problem) => ({ ...problem }));
  const mtime = await untilUndisturbed(() => deliver(boxes, draft));
  boxes.context.metrics.count('msg_add', draft.recipients.length);
  const sent = draft.recipients.map((id) => ({ id, mtime: String(mtime), sender: draft.sender.id }));
  return [...sent, ...refused.map((problem) => ({ ...problem }))];
}

/** One try at a new time. Rejects with `precondition-failed` if another server sent a message of the sender at the same. */
async function deliver(boxes: MessageBoxes, draft: MessageDraft): Promise<number> {
  const mtime = boxes.clock.next(draft.sender.id);
  const type = await storeImages(boxes, draft, mtime);
  const message = newRow({
    ...draft.columns,
    mtime,
    name: draft.sender.name,
    ctime: mtime,
    ...(type !== null && { icon: 1, icon_type: type }),
  });
  const places = placesOf(draft, mtime);
  const steps = [
    ...places.flatMap(({ table, key }) => putSteps(table, newRow({ ...message, ...key }))),
    ...draft.recipients.flatMap((id) => recipientSteps(draft, { id, mtime })),
  ];
  const expected = places.map(({ table, key }) => ({ path: pathOf(table.levels, key), value: null }));
  try {
    await boxes.rows.write(MESSAGES, steps, expected);
  } catch (error) {
    if (!isUnclear(error)) await removeImages(boxes, draft, mtime);
    throw error;
  }
  return mtime;
}

/** Every row that the message becomes. */
function placesOf({ sender, recipients, keepsSent }: MessageDraft, mtime: number): { table: Table; key: Row }[] {
  const inboxes = recipients.map((id) => ({ table: MESSAGES, key: newRow({ id, mtime, sender: sender.id }) }));
  if (!keepsSent) return inboxes;
  return [
    ...inboxes,
    ...recipients.map((recipient) => ({ table: SENT, key: newRow({ id: sender.id, mtime, recipient }) })),
  ];
}

function recipientSteps(draft: MessageDraft, { id, mtime }: { id: string; mtime: number }): WriteStep[] {
  const event = { path: '/message/add', mtime, name: draft.sender.name, msg: toText(draft.columns.msg) };
  return [
    { method: 'set', path: unreadPath(id), value: increment(1) },
    ...(draft.publishes ? eventSteps(id, event) : []),
  ];
}

/** The images' type; null if there are none. All are stored, or none stays. */
async function storeImages(boxes: MessageBoxes, draft: MessageDraft, mtime: number): Promise<string | null> {
  const { images } = boxes;
  let type: string | null = null;
  if (images === null || draft.image === null) return type;
  try {
    for (const recipient of draft.recipients) {
      type = await images.put({ recipient, sender: draft.sender.id, mtime: String(mtime) }, draft.image);
    }
  } catch (error) {
    await removeImages(boxes, draft, mtime);
    throw error;
  }
  return type;
}

/** After a failure, which is what is to be told: one that cannot be removed is left, and logged. */
async function removeImages({ images, context }: MessageBoxes, draft: MessageDraft, mtime: number): Promise<void> {
  if (images === null || draft.image === null) return;
  for (const recipient of draft.recipients) {
    try {
      await images.remove({ recipient, sender: draft.sender.id, mtime: String(mtime) });
    } catch (error) {
      context.logger.warn({ err: error, recipient }, 'the picture of a message that was not sent stays behind');
    }
  }
}
