import { BacksideError, DESTINATIONS, HEADERS, parseResumePoint } from '@backside/protocol';
import type { Frame } from '@backside/stomp';
import { canonicalQuery, formatPath, type Path, parsePath, parseQuery, type Query } from '@backside/tree';
import type { AckMode, MessageEncoder } from './encoder.js';
import { booleanHeader, heldBytes, invalidHeader, isReserved, PATHS, required, wordHeader } from './frame-headers.js';
import { ErrorsSubscription, InfoSubscription, type OwnSubscription } from './info-subscription.js';
import { LiveSubscription } from './live-subscription.js';
import type { Session } from './session.js';

const INFO: ReadonlySet<string> = new Set([DESTINATIONS.connected, DESTINATIONS.serverTimeOffset, DESTINATIONS.user]);
/** Each subscription keeps its id and its query, several times. */
const MAX_ID_LENGTH = 1_024;
const MAX_QUERY_LENGTH = 8_192;
const COUNT = /^[1-9]\d{0,8}$/;
const CLIENT_TIME = /^\d{1,15}$/;

/** SUBSCRIBE. Its RECEIPT comes before the first MESSAGE: from there on nothing is missed. */
export function serveSubscribe(session: Session, frame: Frame): void {
  const destination = required(frame, 'destination');
  const id = session.version === '1.0' ? frame.headers.get('id') : required(frame, 'id');
  if (id !== undefined && id.length > MAX_ID_LENGTH) throw invalidHeader('id', `at most ${MAX_ID_LENGTH} characters`);
  if (frame.headers.has('selector')) throw new BacksideError('invalid-header', 'there are no selectors; use query');
  if (session.subscriptions.size >= session.context.limits.subscriptions) {
    throw new BacksideError('limit-exceeded', 'too many subscriptions on one connection');
  }
  if (isReserved(destination)) subscribeToServer(session, frame, { id, destination });
  else subscribeToTree(session, frame, { id, path: PATHS.parse(destination) });
}

function subscribeToServer(
  session: Session,
  frame: Frame,
  names: { id: string | undefined; destination: string },
): void {
  if (INFO.has(names.destination) && !session.gate.admits(frame)) return;
  session.subscriptions.assertFree(names.id, names.destination);
  const subscription = ownSubscription(session, frame, names);
  session.standing.quota.spend(heldBytes(frame), session.lastReadAt);
  session.subscriptions.add(subscription);
  session.answer(frame);
  subscription.begin();
}

function ownSubscription(
  session: Session,
  frame: Frame,
  names: { id: string | undefined; destination: string },
): OwnSubscription {
  if (names.destination === DESTINATIONS.errors) return new ErrorsSubscription(session, names.id, names.destination);
  if (!INFO.has(names.destination)) throw new BacksideError('invalid-path', 'there is nothing to listen to');
  const time = frame.headers.get(HEADERS.clientTime);
  if (time !== undefined && !CLIENT_TIME.test(time)) throw invalidHeader(HEADERS.clientTime, 'milliseconds since 1970');
  return new InfoSubscription(session, { ...names, clientTime: time === undefined ? null : Number(time) });
}

function subscribeToTree(session: Session, frame: Frame, names: { id: string | undefined; path: Path }): void {
  if (!session.gate.admits(frame)) return;
  const { subscriptions, standing } = session;
  subscriptions.assertFree(names.id, formatPath(names.path));
  standing.quota.assertListen();
  standing.quota.spend(heldBytes(frame), session.lastReadAt);
  const resume = frame.headers.get(HEADERS.resume);
  if (resume !== undefined && parseResumePoint(resume) === null) throw invalidHeader(HEADERS.resume, 'epoch:revision');
  const once = booleanHeader(frame, HEADERS.once);
  const query = queryOf(frame);
  const window = windowOf(session, frame);
  const principal = standing.actor;
  const encoder = encoderFor(session, frame, { ...names, query });
  const subscription = new LiveSubscription(session, {
    ...{ path: names.path, query, encoder, once, window },
  });
  session.gate.begins(subscription);
  try {
    subscription.begin(principal, resume);
  } catch (error) {
    subscription.end();
    throw error;
  }
  subscriptions.add(subscription);
  session.answer(frame);
}

function queryOf(frame: Frame): Query | undefined {
  const text = frame.headers.get(HEADERS.query);
  if (text === undefined) return undefined;
  if (text.length > MAX_QUERY_LENGTH) throw invalidHeader(HEADERS.query, `at most ${MAX_QUERY_LENGTH} characters`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BacksideError('invalid-query', 'the query is not JSON');
  }
  return parseQuery(json);
}

/** Without `prefetch-count` there is a window nevertheless: what a client never acknowledges must not pile up. */
function windowOf(session: Session, frame: Frame): number {
  const most = session.context.limits.unacknowledgedEvents;
  const text = frame.headers.get(HEADERS.prefetchCount);
  if (text === undefined || text === '0') return most;
  if (!COUNT.test(text)) throw invalidHeader(HEADERS.prefetchCount, 'a number');
  return Math.min(most, Number(text));
}

function ackModeOf(session: Session, frame: Frame): AckMode {
  const modes: readonly AckMode[] =
    session.version === '1.0' ? ['auto', 'client'] : ['auto', 'client', 'client-individual'];
  const mode = wordHeader(frame, 'ack', modes) ?? 'auto';
  return session.client.envelope === 'original' ? 'auto' : mode;
}

function encoderFor(
  session: Session,
  frame: Frame,
  names: { id: string | undefined; path: Path; query: Query | undefined },
): MessageEncoder {
  const query = names.query === undefined ? '' : canonicalQuery(names.query);
  return session.context.encoders.acquire({
    framing: session.transport.framing,
    version: session.version,
    subscription: names.id,
    ackMode: ackModeOf(session, frame),
    format: wordHeader(frame, HEADERS.format, ['val', 'export']) ?? 'val',
    envelope: session.client.envelope,
    view: `${formatPath(names.path)}?${query}`,
    epoch: session.standing.database.epoch,
  });
}

/** UNSUBSCRIBE, by id or, in 1.0, by destination. */
export function serveUnsubscribe(session: Session, frame: Frame): void {
  const id = frame.headers.get('id');
  if (id === undefined && session.version !== '1.0') required(frame, 'id');
  session.subscriptions.unsubscribe(id, id === undefined ? canonical(required(frame, 'destination')) : '');
  session.answer(frame);
}

function canonical(destination: string): string {
  return isReserved(destination) ? destination : formatPath(parsePath(destination));
}
