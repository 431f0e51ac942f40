import { BacksideError } from '@backside/protocol';
import type { Frame } from '@backside/stomp';
import type { ClientSubscription } from './client-subscription.js';
import { parseAck } from './encoder.js';
import { heldBytes, required } from './frame-headers.js';
import type { Session } from './session.js';

interface Acknowledged {
  readonly subscription: ClientSubscription;
  readonly messageId: string;
}

/**
 * ACK and NACK. Both only make room for further events: a NACK does not bring the event back, since the state that it
 * told of is in the database. In a transaction they count once it is committed.
 */
export function serveAcknowledgement(session: Session, frame: Frame): void {
  if (frame.command === 'NACK' && session.version === '1.0')
    throw new BacksideError('invalid-frame', 'there is no NACK in 1.0');
  const transaction = frame.headers.get('transaction');
  if (transaction === undefined) {
    const found = find(session, frame);
    found?.subscription.acknowledge(found.messageId);
  } else {
    session.standing.transactions.extend(transaction, heldBytes(frame), ({ acknowledgements }) => {
      const found = find(session, frame);
      if (found !== null) acknowledgements.push(found);
    });
  }
  session.answer(frame);
}

/** What is acknowledged; null if there is nothing left to acknowledge. Throws `unknown-message`. */
function find(session: Session, frame: Frame): Acknowledged | null {
  if (session.client.envelope === 'original') return null;
  if (session.version === '1.0') return findByMessage(session, required(frame, 'message-id'));
  const named = session.version === '1.1' ? namedIn11(frame) : parseAck(required(frame, 'id'));
  if (named === null) throw new BacksideError('unknown-message');
  const subscription = session.subscriptions.get(named.subscription);
  if (subscription?.awaits(named.messageId)) return { subscription, messageId: named.messageId };
  // The server has ended the subscription, and the client may not have known.
  if (session.subscriptions.hasEnded(named.subscription)) return null;
  throw new BacksideError('unknown-message');
}

function namedIn11(frame: Frame): { messageId: string; subscription: string } {
  return { messageId: required(frame, 'message-id'), subscription: required(frame, 'subscription') };
}

/** 1.0 names the message alone: whichever subscription waits for it. */
function findByMessage(session: Session, messageId: string): Acknowledged {
  for (const subscription of session.subscriptions.all()) {
    if (subscription.awaits(messageId)) return { subscription, messageId };
  }
  throw new BacksideError('unknown-message');
}
