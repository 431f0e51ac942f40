import type { WriteResult } from '@backside/api';
import { BacksideError, DESTINATIONS, HEADERS } from '@backside/protocol';
import { type Frame, formatHeaders } from '@backside/stomp';
import { formatPath, type Path } from '@backside/tree';
import { heldBytes, invalidHeader, isReserved, PATHS, required } from './frame-headers.js';
import type { Reply } from './reply-queue.js';
import type { Session } from './session.js';
import { signInAgain } from './sign-in.js';
import {
  applicationHeaders,
  type DraftOperation,
  parseGrace,
  parseOnDisconnect,
  parsePrecondition,
  parseStep,
  readWriteOptions,
} from './write-step.js';

/** SEND: a write, a step of a transaction, something to do when the connection ends, or a new sign-in. */
export function serveSend(session: Session, frame: Frame): void {
  const destination = required(frame, 'destination');
  const transaction = frame.headers.get('transaction');
  if (transaction !== undefined) sendInTransaction(session, frame, { destination, transaction });
  else if (isReserved(destination)) sendToServer(session, frame, destination);
  else serveWrite(session, frame, destination);
}

function serveWrite(session: Session, frame: Frame, destination: string): void {
  session.standing.quota.spend(heldBytes(frame), session.lastReadAt);
  const path = PATHS.parse(destination);
  if (frame.headers.has(HEADERS.onDisconnect)) keepForTheEnd(session, frame, path);
  else if (frame.headers.has(HEADERS.grace)) throw invalidHeader(HEADERS.grace, 'on a SEND with on-disconnect');
  else write(session, operationOf(session, frame, path), frame);
}

function sendToServer(session: Session, frame: Frame, destination: string): void {
  if (destination !== DESTINATIONS.auth) throw new BacksideError('invalid-path', 'nothing can be sent there');
  signInAgain(session, frame);
}

function operationOf(session: Session, frame: Frame, path: Path): DraftOperation {
  const operation: DraftOperation = { principal: session.standing.actor, steps: [parseStep(frame, path)] };
  const precondition = parsePrecondition(frame, path);
  const headers = applicationHeaders(frame);
  if (precondition !== undefined) operation.preconditions = [precondition];
  if (headers !== undefined) operation.headers = headers;
  readWriteOptions(frame, operation);
  return operation;
}

/**
 * Hands a write to the database. Its answer takes its place now and is given when the write is acknowledged. A refused write
 * ends the session, so none behind it may be made; only who gets refusals on `/.errors` goes on, and so do the writes.
 */
export function write(session: Session, operation: DraftOperation, frame: Frame, done?: () => void): void {
  const receipt = frame.headers.get('receipt');
  const { standing, subscriptions } = session;
  const goesOn = subscriptions.listener !== null;
  if (!goesOn) operation.series = standing.series;
  if (operation.ackLevel === 'applied') operation.sealed = session.unseal();
  const written = standing.database.write(operation);
  const reply = session.expect(heldBytes(frame));
  const { counters } = session.context;
  counters.writesInFlight += 1;
  written.then(
    (result) => {
      counters.writesInFlight -= 1;
      done?.();
      session.settle(reply, receipt, receipt === undefined ? '' : resultLines(session, result));
    },
    (error: unknown) => refuseWrite(session, reply, error, receipt),
  );
}

function refuseWrite(session: Session, reply: Reply, error: unknown, receipt: string | undefined): void {
  session.context.counters.writesInFlight -= 1;
  session.refuse(reply, error, { receipt });
}

/** The header lines of a RECEIPT that tell what became of a write. */
function resultLines(session: Session, result: WriteResult): string {
  const revision = `${HEADERS.revision}:${result.revision}\n`;
  const [pushed] = result.pushed;
  if (pushed === undefined || result.pushed.length > 1) return revision;
  return revision + formatHeaders([['destination', formatPath(pushed)]], session.version);
}

const NOT_ON_DISCONNECT = [HEADERS.ifMatch, HEADERS.ackLevel, HEADERS.idempotencyKey];

function keepForTheEnd(session: Session, frame: Frame, path: Path): void {
  for (const name of NOT_ON_DISCONNECT) {
    if (frame.headers.has(name)) throw invalidHeader(name, 'on a SEND without on-disconnect');
  }
  const graceMs = parseGrace(frame);
  const step = parseOnDisconnect(frame, path);
  if (step === undefined) return;
  const { standing } = session;
  if (step === 'cancel') answerOnceStored(session, frame, standing.scope.cancelOnDisconnect(path));
  else {
    const headers = applicationHeaders(frame);
    const operation = { principal: standing.actor, steps: [step], ...(headers && { headers }) };
    answerOnceStored(session, frame, standing.scope.onDisconnect(operation, graceMs));
  }
}

function answerOnceStored(session: Session, frame: Frame, stored: Promise<void>): void {
  const receipt = frame.headers.get('receipt');
  const reply = session.expect(heldBytes(frame));
  stored.then(
    () => session.settle(reply, receipt),
    (error: unknown) => session.refuse(reply, error, { receipt }),
  );
}

const NOT_IN_TRANSACTIONS = [HEADERS.ackLevel, HEADERS.idempotencyKey, HEADERS.onDisconnect, HEADERS.grace];

function sendInTransaction(session: Session, frame: Frame, to: { destination: string; transaction: string }): void {
  const { standing, lastReadAt } = session;
  const bytes = heldBytes(frame);
  standing.transactions.extend(to.transaction, bytes, (transaction) => {
    standing.quota.spend(bytes, lastReadAt);
    for (const name of NOT_IN_TRANSACTIONS) {
      if (frame.headers.has(name)) throw invalidHeader(name, 'on COMMIT, or on a SEND without a transaction');
    }
    const path = PATHS.parse(to.destination);
    const precondition = parsePrecondition(frame, path);
    transaction.steps.push(parseStep(frame, path));
    if (precondition !== undefined) transaction.preconditions.push(precondition);
    for (const [name, value] of applicationHeaders(frame) ?? []) {
      if (!transaction.headers.has(name)) transaction.headers.set(name, value);
    }
  });
  session.answer(frame);
}
