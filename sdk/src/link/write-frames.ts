import { HEADERS } from '@backside/protocol';
import { formatPath, parsePath, UNLIMITED } from '@backside/tree';
import { RefusedError } from './refused-error.js';
import type { Answer, HeaderList, Headers, Session } from './session.js';
import type { WireAck, WireStep, WireWrite } from './write.js';

interface WriteFrame {
  readonly command: string;
  readonly headers: HeaderList;
  readonly body?: string | undefined;
}

/**
 * Sends a write and calls back once: with the acknowledgement when all its frames are answered, or with the first refusal, of which
 * later ones are only the consequence, if they come at all.
 */
export function sendWrite(session: Session, write: WireWrite, done: (result: WireAck | RefusedError) => void): void {
  const frames = framesOf(write);
  let missing = frames.length;
  const answered = (answer: Answer): void => {
    if (missing === 0) return;
    missing = answer instanceof RefusedError ? 0 : missing - 1;
    if (missing === 0) done(answer instanceof RefusedError ? answer : ackIn(answer));
  };
  if (isTransaction(write)) session.send('BEGIN', [['transaction', write.key]]);
  for (const frame of frames) session.request(frame, answered);
}

function isTransaction({ steps, onDisconnect }: WireWrite): boolean {
  return steps.length !== 1 && onDisconnect === undefined;
}

/** Those that are answered, in order. */
function framesOf(write: WireWrite): WriteFrame[] {
  const { steps, onDisconnect } = write;
  if (onDisconnect !== undefined) return steps.map((step) => leaveFrame(step, write));
  if (!isTransaction(write)) return steps.map((step) => stepFrame(step, [...conditionOf(write), ...optionsOf(write)]));
  const transaction = ['transaction', write.key] as const;
  const sends = steps.map((step, index) => stepFrame(step, [transaction, ...(index === 0 ? conditionOf(write) : [])]));
  return [...sends, { command: 'COMMIT', headers: [transaction, ...optionsOf(write)] }];
}

function stepFrame(step: WireStep, more: HeaderList): WriteFrame {
  const method = step.method === 'set' ? [] : [[HEADERS.method, step.method] as const];
  return { command: 'SEND', headers: [placeOf(step), ...method, ...more], body: bodyOf(step) };
}

function leaveFrame(step: WireStep, { onDisconnect, graceMs }: WireWrite): WriteFrame {
  const grace = graceMs === undefined ? [] : [[HEADERS.grace, String(graceMs)] as const];
  return {
    command: 'SEND',
    headers: [placeOf(step), [HEADERS.onDisconnect, onDisconnect ?? 'cancel'], ...grace],
    body: bodyOf(step),
  };
}

function placeOf({ path }: WireStep): readonly [string, string] {
  return ['destination', formatPath(path)];
}

function bodyOf({ method, value }: WireStep): string | undefined {
  return method === 'remove' ? undefined : JSON.stringify(value);
}

function conditionOf({ ifMatch }: WireWrite): HeaderList {
  return ifMatch === undefined ? [] : [[HEADERS.ifMatch, ifMatch]];
}

function optionsOf({ key, ackLevel }: WireWrite): HeaderList {
  return [
    [HEADERS.idempotencyKey, key],
    [HEADERS.ackLevel, ackLevel],
  ];
}

function ackIn(headers: Headers): WireAck {
  const pushed = headers.get('destination');
  return {
    revision: Number(headers.get(HEADERS.revision) ?? 0),
    pushed: pushed === undefined ? [] : [parsePath(pushed, UNLIMITED)],
  };
}
