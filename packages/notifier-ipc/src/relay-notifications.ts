import type { Channel } from './channel.js';
import type { ParticipantMessage, PublishMessage, RelayMessage } from './messages.js';

/** What may wait for a participant that does not take it. Beyond that it is not told, and reads the journal when it goes on. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;

/** Passes notifications between the processes whose channels it knows. */
export interface NotificationRelay {
  /** A further participant; it leaves when its channel is lost or the returned function is called. */
  add(channel: Channel): () => void;
}

/**
 * Runs in the primary: what one participant publishes goes to all others that have subscribed to the database, in the order
 * in which it came, without being decoded. One that has stopped taking messages is not told once 8 MiB wait for it.
 */
export function relayNotifications(channels: Iterable<Channel> = []): NotificationRelay {
  const relay = new Relay();
  for (const channel of channels) relay.add(channel);
  return relay;
}

class Relay implements NotificationRelay {
  /** The databases that each participant listens to. */
  readonly #participants = new Map<Channel, Set<string>>();

  add(channel: Channel): () => void {
    this.#participants.set(channel, new Set());
    const stopListening = channel.onMessage((message) => this.#receive(channel, message as ParticipantMessage));
    const leave = (): void => {
      stopListening();
      this.#participants.delete(channel);
    };
    channel.onClose(leave);
    return leave;
  }

  #receive(from: Channel, message: ParticipantMessage): void {
    const databases = this.#participants.get(from);
    if (databases === undefined) return;
    if (message.kind === 'publish') {
      this.#publish(from, message);
    } else if (message.kind === 'subscribe') {
      databases.add(message.database);
      this.#send(from, { kind: 'subscribed', id: message.id });
    } else {
      databases.delete(message.database);
    }
  }

  #publish(from: Channel, message: PublishMessage): void {
    for (const [channel, databases] of this.#participants) {
      if (channel === from || !databases.has(message.database)) continue;
      if ((channel.unsentBytes ?? 0) <= MAX_UNSENT_BYTES) this.#send(channel, message);
    }
  }

  #send(channel: Channel, message: RelayMessage): void {
    try {
      channel.send(message);
    } catch {
      this.#participants.delete(channel); // the link is lost; what it misses its process reads from the journal
    }
  }
}
