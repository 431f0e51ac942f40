import { BoundedSender } from './bounded-sender.js';
import type { Channel } from './channel.js';
import type { ParticipantMessage, PublishMessage } from './messages.js';

/** Passes notifications between the processes whose channels it knows. */
export interface NotificationRelay {
  /** A further participant; it leaves when its channel is lost or the returned function is called. */
  add(channel: Channel): () => void;
}

/**
 * Runs in the primary: what one participant publishes goes to all others that have subscribed to the database, in the order
 * in which it came, without being decoded. One that has stopped taking messages is
 * told no commits once 8 MiB wait for it, and as soon as it goes on how far the databases are.
 */
export function relayNotifications(channels: Iterable<Channel> = []): NotificationRelay {
  const relay = new Relay();
  for (const channel of channels) relay.add(channel);
  return relay;
}

/** A process that takes part. */
interface Participant {
  readonly sender: BoundedSender;
  /** What it listens to. */
  readonly databases: Set<string>;
}

class Relay implements NotificationRelay {
  readonly #participants = new Map<Channel, Participant>();

  add(channel: Channel): () => void {
    // A link that fails is lost; what it misses its process reads from the journal.
    const sender = new BoundedSender(channel, () => this.#participants.delete(channel));
    const participant = { sender, databases: new Set<string>() };
    this.#participants.set(channel, participant);
    const stopListening = channel.onMessage((message) => this.#receive(participant, message as ParticipantMessage));
    const leave = (): void => {
      stopListening();
      sender.end();
      this.#participants.delete(channel);
    };
    channel.onClose(leave);
    return leave;
  }

  #receive(from: Participant, message: ParticipantMessage): void {
    if (message.kind === 'publish') {
      this.#publish(from, message);
    } else if (message.kind === 'subscribe') {
      from.databases.add(message.database);
      from.sender.send({ kind: 'subscribed', id: message.id });
    } else {
      from.databases.delete(message.database);
    }
  }

  #publish(from: Participant, message: PublishMessage): void {
    for (const participant of this.#participants.values()) {
      if (participant !== from && participant.databases.has(message.database)) participant.sender.publish(message);
    }
  }
}
