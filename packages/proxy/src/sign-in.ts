import { BacksideError, type Credentials, DATABASE_HEADER, HEADERS, NOBODY, type Principal } from '@backside/protocol';
import {
  type Frame,
  formatHeartbeat,
  type HeartbeatOffer,
  negotiateHeartbeat,
  negotiateVersion,
  parseHeartbeat,
  writeFrame,
} from '@backside/stomp';
import type { ProxyDatabase } from './database.js';
import { heldBytes, invalidHeader } from './frame-headers.js';
import { framed } from './framing.js';
import { startHeartbeat } from './heartbeat.js';
import { knownError } from './refusal.js';
import type { Reply } from './reply-queue.js';
import type { Session } from './session.js';
import { decideAgain, SignInEvents } from './sign-in-events.js';
import { Tenure } from './tenure.js';
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
  const { context } = session;
  try {
    const database = context.databases(frame.headers.get('host'));
    const credentials = credentialsOf((name) => frame.headers.get(name), {
      database: database.name,
      remoteAddress: session.client.remoteAddress,
    });
    const principal = await context.authenticate(credentials);
    if (session.phase !== 'signing-in') return;
    open(session, database, principal);
    startHeartbeat(session, negotiateHeartbeat(context.heartbeat, wish));
    session.intake.release();
  } catch (error) {
    session.fail(knownError(context, error));
  }
}

/** Where credentials come from, and whom they are for. */
type Origin = Pick<Credentials, 'database' | 'remoteAddress'>;

/** A token stands in `token`, or in `login` with an empty passcode. Without `login` and `token` the client is nobody. */
function credentialsOf(get: (name: string) => string | undefined, origin: Origin): Credentials {
  const token = get('token');
  if (token) return { ...origin, token };
  const login = get('login');
  const passcode = get('passcode');
  if (!login) return origin;
  return passcode ? { ...origin, login, passcode } : { ...origin, token: login };
}

function open(session: Session, database: ProxyDatabase, principal: Principal): void {
  const { context, version, transport } = session;
  const tenure = tenureOf(session, principal);
  session.open(database, tenure);
  const headers: [string, string][] = [['version', version]];
  if (version !== '1.0') headers.push(['heart-beat', formatHeartbeat(context.heartbeat)]);
  headers.push(['session', context.newId()]);
  if (context.serverName !== null) headers.push(['server', context.serverName]);
  headers.push([DATABASE_HEADER, database.name], [HEADERS.epoch, database.epoch]);
  headers.push([HEADERS.serverTime, String(context.now())]);
  session.outbox.pushPrivate(framed(transport.framing, writeFrame({ command: 'CONNECTED', headers }, version)));
  tenure?.watch(database.name);
}

function tenureOf(session: Session, principal: Principal): Tenure | null {
  return principal.kind === 'nobody' ? null : new Tenure(session.context, new SignInEvents(session), principal);
}

/** SEND to `/.auth`: another principal on the same connection; all rights are decided again. Later frames wait for it. */
export function signInAgain(session: Session, frame: Frame): void {
  session.standing.quota.spend(heldBytes(frame), session.lastReadAt);
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
  const { context, standing } = session;
  try {
    const principal = credentials === null ? NOBODY : await context.authenticate(credentials);
    if (session.phase === 'open') {
      const tenure = tenureOf(session, principal);
      standing.assume(tenure);
      tenure?.watch(standing.database.name);
      await new Promise<void>((resolve) => decideAgain(session, resolve));
    }
    session.settle(answer.reply, answer.receipt);
  } catch (error) {
    session.refuse(answer.reply, error, { receipt: answer.receipt });
  } finally {
    session.intake.release();
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
  const credentials = credentialsOf(get, {
    database: session.standing.database.name,
    remoteAddress: session.client.remoteAddress,
  });
  if (credentials.token === undefined && credentials.login === undefined) {
    throw new BacksideError('unauthenticated', 'there is no token in the frame');
  }
  return credentials;
}
