import type { Connection } from '../link/connection.js';
import type { Environment } from '../link/environment.js';
import { Leader } from './leader.js';
import type { Group, GroupEvents } from './member-connection.js';
import type { Warn } from './sync-store.js';
import type { Tab } from './tab.js';
import { type Envelope, type Hail, TAB_PROTOCOL, type ToLeader } from './tab-message.js';

export interface GroupLinkOptions {
  readonly group: string;
  readonly tab: Tab;
  readonly channel: (name: string) => BroadcastChannel;
  readonly create: () => Connection;
  /** Called as the leader when another tab has ended. */
  readonly onTabEnded: () => void;
  readonly environment: Environment;
  readonly warn: Warn;
}

/** One stay in the group, from `enter` to `leave`. */
interface Stay {
  /** Names the stay, so that what was meant for an earlier one does not count. */
  readonly member: string;
  readonly hails: BroadcastChannel;
  readonly mail: BroadcastChannel;
  readonly left: AbortController;
  /** The tab that leads, as far as is known. */
  leaderTab: string | null;
  /** There if this tab leads. */
  leader: Leader | null;
  /** Who of each other tab is in the group, if this one leads. */
  readonly members: Map<string, string>;
  /** The channels of other tabs, by their ids. */
  readonly others: Map<string, BroadcastChannel>;
}

/** Finds the leader of the group, or becomes it; carries the messages between it and the members over channels. */
export class GroupLink implements Group {
  readonly #options: GroupLinkOptions;
  readonly #events: GroupEvents;
  #stay: Stay | null = null;
  #stays = 0;

  constructor(options: GroupLinkOptions, events: GroupEvents) {
    this.#options = options;
    this.#events = events;
  }

  enter(): void {
    const { tab } = this.#options;
    const stay: Stay = {
      member: `${tab.self}#${++this.#stays}`,
      hails: this.#channel('all'),
      mail: this.#channel(tab.self),
      left: new AbortController(),
      leaderTab: null,
      leader: null,
      members: new Map(),
      others: new Map(),
    };
    this.#stay = stay;
    void this.#begin(stay);
  }

  /** Hears and says nothing before others can tell that this tab is alive: the leader lets go of whoever is not. */
  async #begin(stay: Stay): Promise<void> {
    const { tab, warn } = this.#options;
    const { signal } = stay.left;
    try {
      await tab.alive();
      if (signal.aborted) return;
      stay.hails.onmessage = ({ data }: MessageEvent<Hail>) => this.#hear(stay, data);
      stay.mail.onmessage = ({ data }: MessageEvent<Envelope>) => this.#open(stay, data);
      this.#hail(stay, { kind: 'hello' });
      const release = await tab.lead(signal);
      if (signal.aborted) return release();
      signal.addEventListener('abort', release);
    } catch (cause) {
      if (signal.aborted) return;
      warn('tabs cannot share a connection here; this one has its own', cause);
    }
    this.#lead(stay);
  }

  leave(): void {
    const stay = this.#stay;
    if (stay === null) return;
    this.#stay = null;
    this.#events.leader(null);
    if (stay.leader === null && stay.leaderTab !== null) this.#mailTo(stay, stay.leaderTab, { kind: 'leave' });
    stay.leader?.stop();
    stay.left.abort();
    stay.hails.close();
    stay.mail.close();
    for (const channel of stay.others.values()) channel.close();
  }

  /** Own messages need no channel. */
  #lead(stay: Stay): void {
    const { create, tab } = this.#options;
    const before = stay.leaderTab;
    const leader = new Leader({ ...this.#options, connection: create() });
    stay.leader = leader;
    stay.leaderTab = tab.self;
    this.#events.leader((message) => {
      leader.receive(stay.member, message, (answer) => {
        if (this.#stay === stay) this.#events.message(answer);
      });
    });
    this.#hail(stay, { kind: 'lead', leader: tab.self });
    if (before !== null) this.#watch(stay, before);
  }

  #hear(stay: Stay, hail: Hail): void {
    const { self } = this.#options.tab;
    if (hail.kind === 'hello') {
      if (stay.leader !== null) this.#hail(stay, { kind: 'lead', leader: self });
    } else if (hail.leader !== stay.leaderTab && stay.leader === null) {
      const { leader } = hail;
      stay.leaderTab = leader;
      this.#events.leader((message) => this.#mailTo(stay, leader, message));
    }
  }

  #open(stay: Stay, envelope: Envelope): void {
    if (envelope.to === 'leader') this.#serve(stay, envelope);
    else if (envelope.leader === stay.leaderTab && envelope.member === stay.member) {
      this.#events.message(envelope.message);
    }
  }

  /** As the leader, for a member in another tab. */
  #serve(stay: Stay, { tab, member, message }: Extract<Envelope, { to: 'leader' }>): void {
    const { leader } = stay;
    if (leader === null) return;
    if (message.kind === 'join') {
      if (!stay.members.has(tab)) this.#watch(stay, tab);
      stay.members.set(tab, member);
    }
    leader.receive(member, message, (answer) => {
      const envelope: Envelope = { to: 'member', leader: this.#options.tab.self, member, message: answer };
      this.#channelTo(stay, tab).postMessage(envelope);
    });
  }

  /** Lets the other tab's member go when that tab has ended, however that came. */
  #watch(stay: Stay, tab: string): void {
    const { warn, onTabEnded } = this.#options;
    const ended = this.#options.tab.ended(tab, stay.left.signal).then(() => {
      const member = stay.members.get(tab);
      if (member !== undefined) stay.leader?.leave(member);
      stay.members.delete(tab);
      stay.others.get(tab)?.close();
      stay.others.delete(tab);
      onTabEnded();
    });
    ended.catch((cause: unknown) => {
      if (!stay.left.signal.aborted) warn('it cannot be told when another tab ends', cause);
    });
  }

  #mailTo(stay: Stay, leader: string, message: ToLeader): void {
    const channel = this.#channelTo(stay, leader);
    const envelope: Envelope = { to: 'leader', tab: this.#options.tab.self, member: stay.member, message };
    channel.postMessage(envelope);
  }

  #channelTo(stay: Stay, tab: string): BroadcastChannel {
    let channel = stay.others.get(tab);
    if (channel === undefined) {
      channel = this.#channel(tab);
      stay.others.set(tab, channel);
    }
    return channel;
  }

  #hail(stay: Stay, hail: Hail): void {
    stay.hails.postMessage(hail);
  }

  #channel(name: string): BroadcastChannel {
    return this.#options.channel(`${this.#options.group}/v${TAB_PROTOCOL}/${name}`);
  }
}
