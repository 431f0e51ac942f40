import { BacksideError, HEADERS } from '@backside/protocol';
import { type Frame, formatHeaders, LIMITS_BEFORE_CONNECT, StompError, type Version } from '@backside/stomp';
import type { ClientSubscription } from './client-subscription.js';
import type { ProxyDatabase } from './database.js';
import { receiptOctets } from './framing.js';
import { Intake, type IntakeOwner } from './intake.js';
import { Outbox, type PressureListener } from './outbox.js';
import type { Phase } from './phase.js';
import { RateLimit } from './rate-limit.js';
import { detailsOf, errorOctets, isOperationError, knownError, type RefusalDetails } from './refusal.js';
import { type Reply, type ReplyGiver, ReplyQueue } from './reply-queue.js';
import type { SessionClient, SessionContext } from './session-context.js';
import { StallWatch } from './stall-watch.js';
import { Standing } from './standing.js';
import { type GateOwner, SubscriptionGate } from './subscription-gate.js';
import { Subscriptions } from './subscriptions.js';
import type { Tenure } from './tenure.js';
import type { CloseReason, Transport, TransportEvents } from './transport.js';

/**
 * One client connection: its state, its input and output, and how it ends. What the frames mean is in the files named
 * after them; they get here through `SessionContext.serve`.
 *
 * Frames are served in order, and answered in order whatever order the work behind them completes in. After an ERROR
 * nothing is sent and nothing that came behind the refused frame is served.
 */
export class Session implements TransportEvents, IntakeOwner, PressureListener, ReplyGiver, GateOwner {
  readonly context: SessionContext;
  readonly transport: Transport;
  readonly client: SessionClient;
  readonly outbox: Outbox;
  readonly intake: Intake;
  readonly subscriptions: Subscriptions;
  readonly gate: SubscriptionGate;
  readonly standing: Standing;
  phase: Phase = 'waiting';
  /** Before CONNECT the one without escapes, so that a receipt goes back as it came. */
  version: Version = '1.0';
  lastReadAt: number;
  readonly #replies: ReplyQueue;
  readonly #rate: RateLimit;
  /** Writes whose fate is not sealed, of those that `unseal` counts, and what counts them off. */
  #unsealed = 0;
  #seal: (() => void) | null = null;
  #bytesBeforeConnect = 0;
  #waitsForAnswers = false;
  #stallWatch: StallWatch | null = null;
  #peerEnded = false;
  #transportClosed = false;

  constructor(context: SessionContext, transport: Transport, client: SessionClient) {
    const now = context.now();
    this.context = context;
    this.transport = transport;
    this.client = client;
    this.lastReadAt = now;
    this.outbox = new Outbox(transport, context.writer, this);
    this.intake = new Intake(this, transport, LIMITS_BEFORE_CONNECT);
    this.subscriptions = new Subscriptions(this.outbox);
    this.gate = new SubscriptionGate(this);
    this.standing = new Standing(context, client.remoteAddress, () => this.#loseScope());
    this.#replies = new ReplyQueue(this);
    this.#rate = new RateLimit(context.limits, now);
    context.deadlines.schedule(now + context.limits.logInTimeoutMs, () => this.#checkLogIn(), this);
    transport.limitMessages(context.limits.bytesBeforeConnect);
    transport.start(this);
  }

  /** Has read CONNECT: what follows is read by this version, and waits until the session is open. */
  greet(version: Version): void {
    this.version = version;
    this.phase = 'signing-in';
    this.intake.parser.version = version;
    this.intake.parser.limits = this.context.limits.frames;
    this.transport.limitMessages(this.context.limits.websocketMessageBytes);
    this.intake.hold();
  }

  /** Begins to serve frames. */
  open(database: ProxyDatabase, tenure: Tenure | null): void {
    this.standing.enter(database, tenure);
    this.phase = 'open';
  }

  #checkLogIn(): null {
    if (this.phase !== 'open') this.fail(new BacksideError('timeout', 'not signed in in time'));
    return null;
  }

  /** Whether nothing is left to do for it. */
  get over(): boolean {
    return this.phase === 'closed';
  }

  // Input

  received(octets: Uint8Array): void {
    if (this.phase === 'closing' || this.phase === 'closed') return;
    const { context } = this;
    this.lastReadAt = context.now();
    context.counters.bytesIn += octets.byteLength;
    if (!this.#rate.spendBytes(octets.byteLength, this.lastReadAt)) {
      this.fail(new BacksideError('rate-limited', 'too many bytes per second'));
      return;
    }
    if (this.phase === 'waiting') this.#bytesBeforeConnect += octets.byteLength;
    this.intake.receive(octets);
    if (this.phase === 'waiting' && this.#bytesBeforeConnect > context.limits.bytesBeforeConnect) {
      this.fail(new BacksideError('too-large', 'too much before CONNECT'));
    }
  }

  frame(frame: Frame): void {
    if (this.phase === 'closing' || this.phase === 'closed') return;
    this.context.counters.framesIn += 1;
    if (this.#rate.spendFrame()) this.serve(frame);
    else this.fail(new BacksideError('rate-limited', 'too many frames per second'), detailsOf(frame));
  }

  serve(frame: Frame): void {
    try {
      this.context.serve(this, frame);
    } catch (error) {
      this.refuse(this.expect(), error, detailsOf(frame));
    }
  }

  unreadable(error: unknown): void {
    this.fail(knownError(this.context, error), error instanceof StompError ? error.frame : {});
  }

  caughtUp(): void {
    if (this.phase === 'closing' || this.phase === 'closed') return;
    if (this.#transportClosed) this.#tearDown();
    else if (this.#peerEnded) this.disconnect(undefined);
  }

  peerEnded(): void {
    this.#peerEnded = true;
    if (this.phase !== 'closing' && this.phase !== 'closed' && this.intake.idle) this.disconnect(undefined);
  }

  /**
   * A first event needs room, a RECEIPT has its turn before it, and a single look shows what its connection sent before. DISCONNECT has
   * its place among the answers anyway.
   */
  isDue({ command, headers }: Frame): boolean {
    if (command === 'DISCONNECT') return true;
    if (this.outbox.congested) return false;
    const once = headers.get(HEADERS.once) === 'true';
    if (once && this.#unsealed > 0) return false;
    return this.#replies.size === 0 || !(once || headers.has('receipt'));
  }

  /**
   * Counts a write that may be acknowledged before reads show it: a single look that comes behind it waits. What is returned is to be
   * called once its fate is sealed.
   */
  unseal(): () => void {
    this.#unsealed += 1;
    this.#seal ??= () => {
      this.#unsealed -= 1;
      if (this.#unsealed === 0) this.gate.wake();
    };
    return this.#seal;
  }

  // Answers

  /** Takes the next place among the answers; reading pauses while too many, or too large ones, are outstanding. */
  expect(bytes = 0): Reply {
    const reply = this.#replies.expect(bytes);
    if (!this.#waitsForAnswers && this.#isLoaded(1)) {
      this.#waitsForAnswers = true;
      this.intake.hold();
    }
    return reply;
  }

  #isLoaded(share: number): boolean {
    const { unansweredFrames, unansweredBytes } = this.context.limits;
    return this.#replies.size >= unansweredFrames * share || this.#replies.bytes >= unansweredBytes * share;
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
    const error = knownError(this.context, cause);
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

  #fail(reply: Reply, error: BacksideError, details: RefusalDetails): void {
    this.context.counters.countRefusal(error.code);
    reply.failure = error;
    reply.octets = errorOctets(error, details, this);
    this.#stopServing();
    this.#settle(reply);
  }

  #settle(reply: Reply): void {
    this.#replies.settle(reply);
    if (this.#waitsForAnswers && !this.#isLoaded(0.5)) {
      this.#waitsForAnswers = false;
      this.intake.release();
    }
    if (this.#replies.size === 0) this.gate.wake();
  }

  give(reply: Reply): void {
    if (this.phase === 'closed') return;
    if (reply.octets !== null) this.outbox.pushPrivate(reply.octets);
    if (reply.failure !== null) this.#finish(reply.failure.code);
    else if (reply.goodbye) this.#finish('done');
  }

  #receipt(receipt: string, lines: string): Uint8Array {
    this.context.counters.receiptsOut += 1;
    return receiptOctets(this.transport.framing, formatHeaders([['receipt-id', receipt]], this.version) + lines);
  }

  /** What the client left for its end is made elsewhere: only on another connection can it leave it anew. */
  #loseScope(): void {
    this.fail(new BacksideError('unavailable', 'this connection was taken for dead; connect again'));
  }

  // Pressure

  congested(): void {
    this.subscriptions.holdBack();
    this.#stallWatch ??= new StallWatch(this, () => this.#giveUp('the client has stopped reading'));
    this.#stallWatch.start();
  }

  relieved(): void {
    if (this.phase !== 'open') return;
    this.subscriptions.letGo();
    this.gate.reopen();
  }

  drained(): void {
    this.outbox.drained();
  }

  overwhelmed(): void {
    this.#giveUp('too much output waits to be read');
  }

  /** Ends the session without waiting for outstanding answers, which could not be sent. */
  #giveUp(reason: string): void {
    if (this.phase === 'closed') return;
    this.#replies.clear();
    this.#fail(this.#replies.expect(), new BacksideError('slow-consumer', reason), {});
  }

  /** The server goes down: what came so far is answered, then the client is told. */
  shutDown(): void {
    this.fail(new BacksideError('shutting-down'));
  }

  /** The database ended a subscription: after its only event, or with an error because the right to it is lost. */
  serverEnded(subscription: ClientSubscription, error: BacksideError | null): void {
    this.subscriptions.forget(subscription);
    if (error !== null) this.refuse(this.expect(), error, { subscription: subscription.id });
  }

  // The end

  /** Serves no further frame and sends no further event. */
  #stopServing(): void {
    if (this.phase === 'closed') return;
    this.phase = 'closing';
    this.intake.drop();
    this.gate.close();
    this.standing.abort();
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
    this.gate.close();
    if (this.phase === 'closing' || this.phase === 'closed' || this.intake.idle) this.#tearDown();
  }

  /** Lets go of everything the session has elsewhere, and runs what was to run when the connection ends. Once. */
  #tearDown(): void {
    this.#stopServing();
    this.phase = 'closed';
    this.standing.leave();
    if (this.#transportClosed) this.context.ended(this);
  }
}
