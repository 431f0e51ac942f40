import { BacksideError } from '@backside/protocol';
import { beatAfterMs, type HeartbeatAgreement, silenceLimitMs } from '@backside/stomp';
import { beatOctets } from './framing.js';
import type { Session } from './session.js';

/** Keeps the agreed heart-beats of a session in both directions, on the timer that all sessions share. */
export function startHeartbeat(session: Session, agreement: HeartbeatAgreement): void {
  if (agreement.sendMs > 0) sendBeats(session, beatAfterMs(agreement.sendMs));
  if (agreement.receiveMs > 0) expectBeats(session, silenceLimitMs(agreement.receiveMs) + agreement.receiveMs / 4);
}

function sendBeats(session: Session, intervalMs: number): void {
  const { outbox, context, transport } = session;
  context.deadlines.schedule(
    context.now() + intervalMs,
    (now) => {
      if (session.phase !== 'open') return null;
      const due = outbox.lastWriteAt + intervalMs;
      if (due > now) return due;
      if (!outbox.congested) outbox.pushShared(beatOctets(transport.framing));
      return now + intervalMs;
    },
    session,
  );
}

function expectBeats(session: Session, limitMs: number): void {
  const { context } = session;
  context.deadlines.schedule(
    context.now() + limitMs,
    (now) => {
      if (session.phase !== 'open') return null;
      const due = session.lastReadAt + limitMs;
      if (due > now) return due;
      // A session that was told to wait is not silent: its beats are still in the socket.
      if (!session.intake.idle) return now + limitMs;
      session.fail(new BacksideError('timeout', 'no heart-beat came'));
      return null;
    },
    session,
  );
}
