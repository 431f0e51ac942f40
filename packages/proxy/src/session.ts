import { BacksideError, NOBODY, type Principal, toBacksideError } from '@backside/protocol';
import { type Frame, formatHeaders, LIMITS_BEFORE_CONNECT, StompError, type Version } from '@backside/stomp';
import type { ProxyConnectionScope, ProxyDatabase } from './database.js';
import type { Envelope } from './encoder.js';
import { assembleFrame, framed } from './framing.js';
import { Intake, type IntakeOwner } from './intake.js';
import { RateLimit } from './limits.js';
import { Outbox, type PressureListener } from './outbox.js';
import { errorFrame, isOperationError, type RefusalDetails } from './refusal.js';
import { type Reply, ReplyQueue } from './reply-queue.js';
import type { SessionContext } from './session-context.js';
import { Subscriptions } from './subscriptions.js';
import { Transactions } from './transactions.js';
import type { CloseReason, Framing, Transport, TransportEvents } from './transport.js';

/**
 * - `waiting`: for CONNECT. `signing-in`: until the credentials are checked. `open`: frames are served.
 * - `closing`: no input is accepted any more, answers to what came before are still given. `closed`: nothing is sent.
 */
export type Phase = 'waiting' | 'signing-in' | 'open' | 'closing' | 'closed';

const EOL = new Uint8Array([10]);
const BEATS: Readonly<Record<Framing, Uint8Array>> = { none: EOL, message: EOL, websocket: framed('websocket', EOL) };

/**
 * One client connection: its state, its input and output, and how it ends. What the frames mean is in the files named
 * after them; they get here through `SessionContext.serve`.
 *
 * Frames are served in order, and answered in order whatever order the work behind them completes in. After an ERROR
 * nothing is sent and nothing that came behind the refused frame is served.
 */
export class Session implements TransportEvents, IntakeOwner, PressureListener {
  readonly context: SessionContext;
  readonly transport: Transport;
  readonly envelope: Envelope;
  readonly outbox: Outbox;
  readonly intake: Intake;
  readonly subscriptions: Subscriptions;
  phase: Phase = 'waiting';
  /** Before CONNECT the one without escapes, so that a receipt goes back as it came. */
  version: Version = '1.0';
  principal: Principal = NOBODY;
  lastReadAt: number;
  #database: ProxyDatabase | null = null;
  #scope: ProxyConnectionScope | null = null;
  #transactions: Transactions | null = null;
  readonly #replies: ReplyQueue;
  readonly #frameRate: RateLimit;
  readonly #byteRate: RateLimit;
  #bytesBeforeConnect = 0;
  #waitsForAnswers = false;
  #watchesStall = false;
  #peerEnded = false;
  #tornDown = false;
  #transportClosed = false;

  constructor(context: SessionContext, transport: Transport, envelope: Envelope) {
    const now = context.now();
    this.context = context;
    this.transport = transport;
    this.envelope = envelope;
    this.lastReadAt = now;
    this.outbox = new Outbox(transport, context.writer, this);
    this.intake = new Intake(this, transport, LIMITS_BEFORE_CONNECT);
    this.subscriptions = new Subscriptions(this.outbox);
    this.#replies = new ReplyQueue((reply) => this.#give(reply));
    this.#frameRate = new RateLimit(context.limits.framesPerSecond, now);
    this.#byteRate = new RateLimit(context.limits.bytesPerSecond, now);
    context.deadlines.schedule(now + context.limits.logInTimeoutMs, () => this.#checkLogIn());
    transport.start(this);
  }

  /** Where the session's data is. Only an open session has one. */
  get database(): ProxyDatabase {
    if (this.#database === null) throw new BacksideError('unexpected-frame', 'not connected');
    return this.#database;
  }

  /** Who acts in the next operation. Throws `unauthenticated` once the credential has expired. */
  get actor(): Principal {
    const { principal } = this;
    if (principal.kind === 'user' && principal.expiresAt !== undefined && principal.expiresAt <= this.context.now()) {
      throw new BacksideError('unauthenticated', 'the credential has expired');
    }
    return principal;
  }

  get transactions(): Transactions {
    this.#transactions ??= new Transactions(this.context.limits);
    return this.#transactions;
  }

  get scope(): ProxyConnectionScope {
    this.#scope ??= this.database.connectionScope();
    return this.#scope;
  }

  /** Begins to serve frames. */
  open(database: ProxyDatabase, principal: Principal): void {
    this.#database = database;
    this.principal = principal;
    this.phase = 'open';
    this.intake.parser.limits = this.context.limits.frames;
  }

  #checkLogIn(): null {
    if (this.phase === 'waiting' || this.phase === 'signing-in') {
      this.fail(new BacksideError('timeout', 'not signed in in time'));
    }
    return null;
  }

  // Input

  received(octets: Uint8Array): void {
    if (this.phase === 'closing' || this.phase === 'closed') return;
    const { context } = this;
    this.lastReadAt = context.now();
    context.counters.bytesIn += octets.byteLength;
    if (!this.#byteRate.spend(octets.byteLength, this.lastReadAt)) {
      this.fail(new BacksideError('rate-limited', 'too many bytes per second'));
      return;
    }
    this.#bytesBeforeConnect += this.phase === 'waiting' ? octets.byteLength : 0;
    this.intake.receive(octets);
    if (this.phase === 'waiting' && this.#bytesBeforeConnect > context.limits.bytesBeforeConnect) {
      this.fail(new BacksideError('too-large', 'too much before CONNECT'));
    }
  }

  frame(frame: Frame): void {
    if (this.phase === 'closing' || this.phase === 'closed') return;
    this.context.counters.framesIn += 1;
    const receipt = frame.headers.get('receipt');
    try {
      if (!this.#frameRate.spend(1, this.lastReadAt)) throw new BacksideError('rate-limited', 'too many frames per second');
      this.context.serve(this, frame);
    } catch (error) {
      this.refuse(this.expect(), error, { receipt });
    }
  }

  unreadable(error: unknown): void {
    const receipt = error instanceof StompError ? error.receiptId : undefined;
    this.fail(this.known(error), { receipt });
  }

  caughtUp(): void {
    if (this.phase === 'closing' || this.phase === 'closed') return;
    if (this.#transportClosed) this.#tearDown();
    else if (this.#peerEnded) this.#sayGoodbye();
  }

  peerEnded(): void {
    this.#peerEnded = true;
    if (this.phase !== 'closing' && this.phase !== 'closed' && this.intake.idle) this.#sayGoodbye();
  }

  // Answers

  /** Takes the next place among the answers; reading pauses while too many are outstanding. */
  expect(): Reply {
    const reply = this.#replies.expect();
    if (!this.#waitsForAnswers && this.#replies.size >= this.context.limits.unansweredFrames) {
      this.#waitsForAnswers = true;
      this.intake.hold();
    }
    return reply;
  }

  /** Gives a RECEIPT with these extra header lines, if one was asked for. */
  settle(reply: Reply, receipt: string | undefined, lines = ''): void {
    if (receipt !== undefined) reply.octets = this.#receipt(receipt, lines);
    this.#settle(reply);
  }

  /** The answer to a frame that is served at once. */
  answer(frame: Frame, lines = ''): void {
    const receipt = frame.headers.get('receipt');
    if (this.#replies.size > 0) this.settle(this.expect(), receipt, lines);
    else if (receipt !== undefined) this.outbox.pushPrivate(this.#receipt(receipt, lines));
  }

  /** Refuses a frame: on `/.errors` if that is what the client wants and the error allows, else by ERROR and close. */
  refuse(reply: Reply, cause: unknown, details: RefusalDetails): void {
    const error = this.known(cause);
    const { listener } = this.subscriptions;
    if (listener === null || !isOperationError(error.code)) {
      this.#fail(reply, error, details);
      return;
    }
    this.context.counters.countRefusal(error.code);
    reply.octets = listener.refusal(error, details);
    this.#settle(reply);
  }

  /** Ends the session by an ERROR frame, once all frames before this moment are answered. */
  fail(error: BacksideError, details: RefusalDetails = {}): void {
    if (this.phase === 'closing' || this.phase === 'closed') return;
    this.#fail(this.#replies.expect(), error, details);
  }

  /** Ends the session in peace: answers what came before, gives the receipt, closes. */
  disconnect(receipt: string | undefined): void {
    const reply = this.#replies.expect();
    reply.goodbye = true;
    this.#stopServing();
    this.settle(reply, receipt);
  }

  #sayGoodbye(): void {
    this.disconnect(undefined);
  }

  #fail(reply: Reply, error: BacksideError, details: RefusalDetails): void {
    this.context.counters.countRefusal(error.code);
    reply.failure = error;
    reply.octets = this.#errorOctets(error, details);
    this.#stopServing();
    this.#settle(reply);
  }

  #errorOctets(error: BacksideError, details: RefusalDetails): Uint8Array {
    const extra = error.code === 'unsupported-version' ? [['version', '1.0,1.1,1.2'] as const] : [];
    const { head, body } = errorFrame(error, { ...details, version: this.version, extra });
    return assembleFrame(this.transport.framing, head, body);
  }

  #settle(reply: Reply): void {
    this.#replies.settle(reply);
    if (this.#waitsForAnswers && this.#replies.size <= this.context.limits.unansweredFrames / 2) {
      this.#waitsForAnswers = false;
      this.intake.release();
    }
  }

  #give(reply: Reply): void {
    if (this.phase === 'closed') return;
    if (reply.octets !== null) this.outbox.pushPrivate(reply.octets);
    if (reply.failure !== null) this.#finish(reply.failure.code);
    else if (reply.goodbye) this.#finish('done');
  }

  #receipt(receipt: string, lines: string): Uint8Array {
    this.context.counters.receiptsOut += 1;
    const head = `RECEIPT\n${formatHeaders([['receipt-id', receipt]], this.version)}${lines}`;
    return assembleFrame(this.transport.framing, head, null);
  }

  /** Sends a heart-beat, unless so much waits that the client will hear from us anyway. */
  beat(): void {
    if (this.phase === 'open' && !this.outbox.congested) this.outbox.pushShared(BEATS[this.transport.framing]);
  }

  /** An error as the client may see it; unknown ones are logged under a trace that the client is told. */
  known(cause: unknown): BacksideError {
    const error = toBacksideError(cause);
    if (error.code !== 'internal' || error.trace !== undefined) return error;
    const trace = this.context.newId();
    this.context.logger.error({ err: error.cause ?? error, trace }, 'a frame could not be served');
    return new BacksideError('internal', error.message, { cause: error.cause, trace });
  }

  // Pressure

  congested(): void {
    const { context } = this;
    this.subscriptions.holdBack();
    if (this.#watchesStall) return;
    this.#watchesStall = true;
    let queuedBefore = Number.POSITIVE_INFINITY;
    context.deadlines.schedule(context.now() + context.limits.stallTimeoutMs / 2, (now) => {
      const queued = this.transport.queuedBytes;
      this.#watchesStall = this.outbox.congested && this.phase !== 'closed';
      if (!this.#watchesStall) return null;
      if (queued >= queuedBefore) this.#giveUpOn(new BacksideError('slow-consumer', 'the client has stopped reading'));
      queuedBefore = queued;
      return now + context.limits.stallTimeoutMs / 2;
    });
  }

  relieved(): void {
    if (this.phase === 'open') this.subscriptions.letGo();
  }

  drained(): void {
    this.outbox.drained();
  }

  overwhelmed(): void {
    this.#giveUpOn(new BacksideError('slow-consumer', 'too much output waits to be read'));
  }

  /** Ends the session without waiting for outstanding answers. */
  #giveUpOn(error: BacksideError): void {
    if (this.phase === 'closed') return;
    this.#replies.clear();
    this.#fail(this.#replies.expect(), error, {});
  }

  /** The server goes down: what came so far is answered, then the client is told. */
  shutDown(): void {
    this.fail(new BacksideError('shutting-down'));
  }

  // The end

  /** Serves no further frame and sends no further event. */
  #stopServing(): void {
    if (this.phase === 'closed') return;
    this.phase = 'closing';
    this.intake.drop();
    this.#transactions = null;
    this.subscriptions.end();
  }

  #finish(reason: CloseReason): void {
    this.phase = 'closed';
    this.#replies.clear();
    this.outbox.flush(this.context.now());
    this.transport.close(reason);
    this.#tearDown();
  }

  closed(): void {
    this.#transportClosed = true;
    if (this.phase === 'closing' || this.phase === 'closed' || this.intake.idle) this.#tearDown();
  }

  /** Lets go of everything the session has elsewhere, and runs what was to run when the connection ends. Once. */
  #tearDown(): void {
    this.#stopServing();
    this.phase = 'closed';
    if (!this.#tornDown) {
      this.#tornDown = true;
      this.#scope?.end().catch((error: unknown) => {
        this.context.logger.error({ err: error }, 'on-disconnect operations failed');
      });
    }
    if (this.#transportClosed) this.context.ended(this);
  }
}
