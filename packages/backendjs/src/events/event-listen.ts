import type { Database, Encoder, Subscription, ViewEvent } from '@backside/api';
import { ADMIN, type BacksideError } from '@backside/protocol';
import type { Json } from '@backside/tree';
import { eventPath, type LegacyEvent, readEvent } from './event.js';

export interface EventListener {
  event(event: LegacyEvent): void;
  /** The listen has ended by the server's decision; nothing follows. */
  ended(error: BacksideError): void;
}

/** Shared, so that an event is read once for all who listen to the same account. */
const READER: Encoder<LegacyEvent | null> = {
  format: 'val',
  encode: (event) => readEvent(JSON.parse(Buffer.from(event.body('val')).toString()) as Json),
};

/** Hands over every event for `accountId` that is committed from now on, on whatever node. */
export function listenToEvents(database: Database, accountId: string, listener: EventListener): Subscription {
  let begun = false;
  const path = eventPath(accountId);
  return database.listen(ADMIN, {
    path,
    encoder: READER,
    listener: {
      event: (told, event) => {
        const present = !begun;
        begun = true;
        if (!present && told !== null && isWhole(event, path.length)) listener.event(told);
      },
      cancelled: (error) => listener.ended(error),
    },
  });
}

/** Whether the event says what stands at the listened path, rather than below it. */
function isWhole(event: ViewEvent, depth: number): boolean {
  return event.kind === 'put' && event.path.length === depth;
}
