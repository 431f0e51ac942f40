import type { Frame } from '@backside/stomp';
import { required } from './frame-headers.js';
import { write } from './send.js';
import type { Session } from './session.js';
import type { Transaction } from './transactions.js';
import { type DraftOperation, readWriteOptions } from './write-step.js';

export function serveBegin(session: Session, frame: Frame): void {
  session.standing.transactions.begin(required(frame, 'transaction'));
  session.answer(frame);
}

export function serveAbort(session: Session, frame: Frame): void {
  session.standing.transactions.take(required(frame, 'transaction'));
  session.answer(frame);
}

/** COMMIT: all SENDs of the transaction as one atomic write, and its ACKs if that is made. */
export function serveCommit(session: Session, frame: Frame): void {
  const transaction = session.standing.transactions.take(required(frame, 'transaction'));
  if (transaction.refusal !== null) throw transaction.refusal;
  if (transaction.steps.length === 0) {
    acknowledgeAll(transaction);
    session.answer(frame);
    return;
  }
  const { steps, preconditions, headers } = transaction;
  const operation: DraftOperation = { principal: session.standing.actor, steps };
  if (preconditions.length > 0) operation.preconditions = preconditions;
  if (headers.size > 0) operation.headers = [...headers];
  readWriteOptions(frame, operation);
  write(session, operation, frame, () => acknowledgeAll(transaction));
}

function acknowledgeAll(transaction: Transaction): void {
  for (const { subscription, messageId } of transaction.acknowledgements) subscription.acknowledge(messageId);
}
