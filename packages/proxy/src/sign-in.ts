import { BacksideError, HEADERS, NOBODY, type Principal } from '@backside/protocol';
import {
  type Frame,
  formatHeartbeat,
  type HeartbeatOffer,
  negotiateHeartbeat,
  negotiateVersion,
  parseHeartbeat,
  writeFrame,
} from '@backside/stomp';
import type { ClientSubscription } from './client-subscription.js';
import { invalidHeader } from './frame-headers.js';
import { framed } from './framing.js';
import { startHeartbeat } from './heartbeat.js';
import { knownError } from './refusal.js';
import type { Reply } from './reply-queue.js';
import type { Session } from './session.js';
import type { Credentials } from './session-context.js';
import { parseBody } from './write-step.js';

/** CONNECT and STOMP. Frames that come before the credentials are checked wait. */
export function serveConnect(session: Session, frame: Frame): void {
  const version = negotiateVersion(frame.headers.get('accept-version'));
  if (version === null) throw new BacksideError('unsupported-version', 'Supported versions are 1.0, 1.1 and 1.2');
  const wish = version === '1.0' ? { sendMs: 0, receiveMs: 0 } : parseHeartbeat(frame.headers.get('heart-beat'));
  if (wish === null) throw invalidHeader('heart-beat', 'two numbers');
  session.greet(version);
  void signIn(session, frame, wish);
}

async function signIn(session: Session, frame: Frame, wish: HeartbeatOffer): Promise<void> {
  const { context, transport } = session;
  const host = frame.headers.get('host');
  const credentials = credentialsOf((name) => frame.headers.get(name), {
    host,
    remoteAddress: transport.remoteAddress,
  });
  try {
    const principal = await context.authenticate(credentials);
    if (session.phase !== 'signing-in') return;
    open(session, host, principal);
    startHeartbeat(session, negotiateHeartbeat(context.heartbeat, wish));
    watchExpiry(session, principal);
    session.intake.release();
  } catch (error) {
    session.fail(knownError(context, error));
  }
}

/** A token stands in `token`, or in `login` with an empty passcode. Without `login` and `token` the client is nobody. */
function credentialsOf(
  get: (name: string) => string | undefined,
  origin: { host: string | undefined; remoteAddress: string },
): Credentials {
  const base = { remoteAddress: origin.remoteAddress, ...(origin.host !== undefined && { host: origin.host }) };
  const token = get('token');
  if (token) return { ...base, token };
  const login = get('login');
  const passcode = get('passcode');
  if (!login) return base;
  return passcode ? { ...base, login, passcode } : { ...base, token: login };
}

function open(session: Session, host: string | undefined, principal: Principal): void {
  const { context, version, transport } = session;
  const database = context.databases(host);
  session.open(database, principal);
  const headers: [string, string][] = [['version', version]];
  if (version !== '1.0') headers.push(['heart-beat', formatHeartbeat(context.heartbeat)]);
  headers.push(['session', context.newId()]);
  if (context.serverName !== null) headers.push(['server', context.serverName]);
  headers.push([HEADERS.epoch, database.epoch], [HEADERS.serverTime, String(context.now())]);
  session.outbox.pushPrivate(framed(transport.framing, writeFrame({ command: 'CONNECTED', headers }, version)));
}

/** SEND to `/.auth`: another principal on the same connection; all rights are decided again. Later frames wait for it. */
export function signInAgain(session: Session, frame: Frame): void {
  const body = frame.body.byteLength === 0 ? {} : parseBody(frame.body);
  const credentials = body === null ? null : credentialsIn(session, frame, body);
  const reply = session.expect();
  session.intake.hold();
  void replacePrincipal(session, credentials, { reply, receipt: frame.headers.get('receipt') });
}

async function replacePrincipal(
  session: Session,
  credentials: Credentials | null,
  answer: { reply: Reply; receipt: string | undefined },
): Promise<void> {
  try {
    const principal = credentials === null ? NOBODY : await session.context.authenticate(credentials);
    if (session.phase === 'open') {
      session.standing.principal = principal;
      renewAll(session, principal);
      watchExpiry(session, principal);
    }
    session.settle(answer.reply, answer.receipt);
  } catch (error) {
    session.refuse(answer.reply, error, { receipt: answer.receipt });
  } finally {
    session.intake.release();
  }
}

/** Once the credential has expired, its holder may listen to no more than anybody; writes are refused by `Session.actor`. */
function watchExpiry(session: Session, principal: Principal): void {
  if (principal.kind !== 'user' || principal.expiresAt === undefined) return;
  session.context.deadlines.schedule(
    principal.expiresAt,
    () => {
      if (session.standing.principal === principal && session.phase === 'open') renewAll(session, NOBODY);
      return null;
    },
    session,
  );
}

/** Decides the rights of all subscriptions again. */
function renewAll(session: Session, principal: Principal): void {
  for (const subscription of [...session.subscriptions.all()]) {
    if (session.phase === 'open') renew(session, subscription, principal);
  }
}

function renew(session: Session, subscription: ClientSubscription, principal: Principal): void {
  try {
    subscription.renew(principal);
  } catch (error) {
    session.serverEnded(subscription, knownError(session.context, error));
  }
}

/** The body of a SEND to `/.auth` is a token, an object with `token` or `login` and `passcode`, or null to be nobody. */
function credentialsIn(session: Session, frame: Frame, body: unknown): Credentials {
  const fields: ReadonlyMap<string, unknown> = new Map(
    typeof body === 'string' ? [['token', body]] : Object.entries(body as Record<string, unknown>),
  );
  const get = (name: string): string | undefined => {
    const value = fields.get(name) ?? frame.headers.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const credentials = credentialsOf(get, { host: undefined, remoteAddress: session.transport.remoteAddress });
  if (credentials.token === undefined && credentials.login === undefined) {
    throw new BacksideError('unauthenticated', 'there is no token in the frame');
  }
  return credentials;
}
