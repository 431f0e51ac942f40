/** What one side offers in its `heart-beat` header, in milliseconds; 0 means that it cannot, or does not want to. */
export interface HeartbeatOffer {
  /** The shortest interval at which it can send. */
  readonly sendMs: number;
  /** The interval at which it wants to hear something. */
  readonly receiveMs: number;
}

/** What both sides agreed on, as one of them sees it; 0 means none in that direction. */
export interface HeartbeatAgreement {
  /** This side sends at least every so often. */
  readonly sendMs: number;
  /** The other side does. */
  readonly receiveMs: number;
}

/** Longest interval, about six days: multiples of it up to four still fit a timer of 31 bits. Longer offers are cut to it. */
export const MAX_HEARTBEAT_MS: number = 2 ** 29 - 1;

const NO_HEARTBEAT: HeartbeatOffer = { sendMs: 0, receiveMs: 0 };
const OFFER = /^(\d+),(\d+)$/;

/** Reads a `heart-beat` header; a missing one is `0,0`. Null if the text is not two numbers. */
export function parseHeartbeat(text: string | undefined): HeartbeatOffer | null {
  if (text === undefined) return NO_HEARTBEAT;
  const match = OFFER.exec(text);
  return match ? { sendMs: bounded(match[1]!), receiveMs: bounded(match[2]!) } : null;
}

function bounded(digits: string): number {
  return Math.min(Number(digits), MAX_HEARTBEAT_MS);
}

export function formatHeartbeat(offer: HeartbeatOffer): string {
  return `${offer.sendMs},${offer.receiveMs}`;
}

/** In each direction the longer of the two wishes, or nothing if either side does not take part. */
export function negotiateHeartbeat(own: HeartbeatOffer, other: HeartbeatOffer): HeartbeatAgreement {
  return {
    sendMs: agreed(own.sendMs, other.receiveMs),
    receiveMs: agreed(other.sendMs, own.receiveMs),
  };
}

function agreed(canSendMs: number, wantsMs: number): number {
  return canSendMs === 0 || wantsMs === 0 ? 0 : Math.max(canSendMs, wantsMs);
}

/** How long after its last octet the sender must send again: early enough that the octet arrives within the interval. */
export function beatAfterMs(sendMs: number): number {
  return Math.floor(sendMs * 0.8);
}

/** How long the receiver bears silence, of any octets, before it takes the peer for dead: twice the interval. */
export function silenceLimitMs(receiveMs: number): number {
  return receiveMs * 2;
}
