import { BacksideError } from '@backside/protocol';
import type { Frame } from '@backside/stomp';
import { serveAcknowledgement } from './acknowledgement.js';
import { serveSend } from './send.js';
import type { Session } from './session.js';
import { serveConnect } from './sign-in.js';
import { serveSubscribe, serveUnsubscribe } from './subscribe.js';
import { serveAbort, serveBegin, serveCommit } from './transaction-frames.js';

type Serve = (session: Session, frame: Frame) => void;

const COMMANDS: ReadonlyMap<string, Serve> = new Map<string, Serve>([
  ['SEND', serveSend],
  ['SUBSCRIBE', serveSubscribe],
  ['UNSUBSCRIBE', serveUnsubscribe],
  ['ACK', serveAcknowledgement],
  ['NACK', serveAcknowledgement],
  ['BEGIN', serveBegin],
  ['COMMIT', serveCommit],
  ['ABORT', serveAbort],
  ['DISCONNECT', serveDisconnect],
]);

/** Does what a client's frame says. Throws what it refuses: a BacksideError, TreeError or StompError. */
export function serve(session: Session, frame: Frame): void {
  if (frame.command === 'CONNECT' || frame.command === 'STOMP') {
    if (session.phase !== 'waiting') throw new BacksideError('unexpected-frame', 'already connected');
    serveConnect(session, frame);
    return;
  }
  if (session.phase !== 'open') throw new BacksideError('unexpected-frame', 'CONNECT must come first');
  const command = COMMANDS.get(frame.command);
  if (command === undefined) throw new BacksideError('unexpected-frame', 'no such command for clients');
  command(session, frame);
}

/** What was listened to right before it has its state first. */
function serveDisconnect(session: Session, frame: Frame): void {
  if (session.gate.admits(frame)) session.disconnect(frame.headers.get('receipt'));
}
