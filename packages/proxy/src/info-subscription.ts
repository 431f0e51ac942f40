import { type BacksideError, DESTINATIONS, expiryOf, HEADERS, type Principal } from '@backside/protocol';
import { formatHeaders, formatWritableHeaders } from '@backside/stomp';
import type { ClientSubscription } from './client-subscription.js';
import { assembleFrame } from './framing.js';
import { adviceOf, type RefusalDetails, refusalBody } from './refusal.js';
import type { Session } from './session.js';

/** A subscription to one of the server's own destinations. Acknowledgement does not apply to it. */
export abstract class OwnSubscription implements ClientSubscription {
  readonly id: string | undefined;
  readonly destination: string;
  protected readonly session: Session;
  #messages = 0;

  constructor(session: Session, id: string | undefined, destination: string) {
    this.session = session;
    this.id = id;
    this.destination = destination;
  }

  abstract begin(): void;
  abstract renew(): void;

  suspend(): void {}
  holdBack(): void {}
  letGo(): void {}
  acknowledge(): void {}
  end(): void {}

  awaits(): boolean {
    return false;
  }

  /** The MESSAGE with this JSON body. */
  protected message(body: Uint8Array, headers: readonly (readonly [string, string])[] = []): Uint8Array {
    const { version, context, transport } = this.session;
    this.#messages += 1;
    context.counters.messagesOut += 1;
    const all: (readonly [string, string])[] = [
      ...(this.id === undefined ? [] : [['subscription', this.id] as const]),
      ['message-id', `${this.destination.slice(1)}-${this.#messages}`],
      ['destination', this.destination],
      ['content-type', 'application/json'],
    ];
    const lines = formatHeaders(all, version) + formatWritableHeaders(headers, version);
    const head = `MESSAGE\n${lines}content-length:${body.byteLength}\n`;
    return assembleFrame(transport.framing, head, body);
  }
}

/** `/.info/…`: the value now and, for the user, whenever who that is changes, will soon expire or holds no more. */
export class InfoSubscription extends OwnSubscription {
  readonly #clientTime: number | null;

  /** `clientTime`: what the client's clock showed when it subscribed, if it said so. */
  constructor(session: Session, names: { id: string | undefined; destination: string; clientTime: number | null }) {
    super(session, names.id, names.destination);
    this.#clientTime = names.clientTime;
  }

  begin(): void {
    const body = Buffer.from(JSON.stringify(this.#value()));
    this.session.outbox.pushPrivate(this.message(body, [[HEADERS.event, 'put'], ...this.#headers()]));
  }

  renew(): void {
    if (this.destination === DESTINATIONS.user) this.begin();
  }

  #value(): unknown {
    switch (this.destination) {
      case DESTINATIONS.connected:
        return true;
      case DESTINATIONS.user:
        return userOf(this.session.standing.reader);
      default:
        return this.#clientTime === null ? 0 : this.session.context.now() - this.#clientTime;
    }
  }

  /** The time of expiry once it is near; why the user is nobody if the credential holds no more. */
  #headers(): [string, string][] {
    const { standing } = this.session;
    if (this.destination !== DESTINATIONS.user) return [];
    if (standing.lapse !== null) return [[HEADERS.reason, standing.lapse]];
    return standing.expires ? [[HEADERS.expiresAt, String(expiryOf(standing.principal))]] : [];
  }
}

function userOf(principal: Principal): unknown {
  if (principal.kind === 'nobody') return null;
  const { uid, expiresAt } = principal;
  if (principal.kind === 'admin') return { admin: true, uid, expiresAt };
  return { uid, provider: principal.provider, claims: principal.claims, expiresAt };
}

/** `/.errors`: as long as it is there, the refusal of a single operation does not end the connection. */
export class ErrorsSubscription extends OwnSubscription {
  begin(): void {
    this.session.subscriptions.listener = this;
  }

  renew(): void {}

  /** The MESSAGE that tells of a refusal. */
  refusal(error: BacksideError, details: RefusalDetails): Uint8Array {
    const headers: (readonly [string, string])[] = [[HEADERS.code, error.code]];
    if (details.receipt !== undefined) headers.push(['receipt-id', details.receipt]);
    headers.push(...adviceOf(error));
    return this.message(refusalBody(error, details), headers);
  }
}
