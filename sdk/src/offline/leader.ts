import type { Connection } from '../link/connection.js';
import type { Environment } from '../link/environment.js';
import { LeaderMember } from './leader-member.js';
import { LeftBehind } from './left-behind.js';
import { plainErrorOf } from './plain-error.js';
import type { Warn } from './sync-store.js';
import type { ToLeader, ToMember } from './tab-message.js';

export interface LeaderOptions {
  readonly connection: Connection;
  readonly environment: Pick<Environment, 'setTimeout' | 'clearTimeout'>;
  readonly warn: Warn;
}

/** Has the real connection and does with it what the members of the group, its own tab's among them, ask for. */
export class Leader {
  readonly #connection: Connection;
  readonly #warn: Warn;
  readonly #leftBehind: LeftBehind<LeaderMember>;
  readonly #members = new Map<string, LeaderMember>();
  /** The member whose tokens the connection is signed in with. */
  #tokenSource: LeaderMember | null = null;
  #stopped = false;

  constructor({ connection, environment, warn }: LeaderOptions) {
    this.#connection = connection;
    this.#warn = warn;
    this.#leftBehind = new LeftBehind({ write: (write) => connection.write(write), environment, warn });
    connection.onStatus(() => this.#tellState());
    connection.onUser(() => this.#tellState());
  }

  receive(name: string, message: ToLeader, send: (message: ToMember) => void): void {
    if (this.#stopped) return;
    if (message.kind === 'join') this.#join(name, message.hasToken, send);
    else if (message.kind === 'leave') this.leave(name);
    else if (message.kind === 'wake') this.#connection.goOnline();
    else {
      const member = this.#members.get(name);
      if (member === undefined) return;
      if (message.kind === 'use-token') void this.#tokensOf(member, message.id, message.hasToken);
      else member.receive(message);
    }
  }

  /** Ends what the member listens to and makes the writes that it left for its end. Its other writes are still made. */
  leave(name: string): void {
    const member = this.#members.get(name);
    if (member === undefined) return;
    this.#members.delete(name);
    member.leave();
    if (this.#tokenSource === member) this.#tokenSource = this.#anyWithToken();
  }

  /** Ends the connection; members hear nothing more, and take their unanswered writes to the next leader. */
  stop(): void {
    this.#stopped = true;
    this.#leftBehind.forget();
    for (const member of this.#members.values()) member.mute();
    this.#members.clear();
    this.#tokenSource = null;
    this.#connection.close();
  }

  #join(name: string, hasToken: boolean, send: (message: ToMember) => void): void {
    const member = new LeaderMember({
      connection: this.#connection,
      send,
      leftBehind: this.#leftBehind,
    });
    member.hasToken = hasToken;
    this.#members.set(name, member);
    this.#tellStateTo(member);
    if (hasToken && this.#tokenSource === null) {
      this.#signInWith(member).catch((cause: unknown) => this.#warn('the sign-in was not accepted', cause));
    }
  }

  async #tokensOf(member: LeaderMember, id: number, hasToken: boolean): Promise<void> {
    member.hasToken = hasToken;
    try {
      await this.#signInWith(hasToken ? member : null);
      member.send({ kind: 'token-used', id, outcome: { ok: true, value: null } });
    } catch (error) {
      member.send({ kind: 'token-used', id, outcome: { ok: false, error: plainErrorOf(error) } });
    }
  }

  #signInWith(member: LeaderMember | null): Promise<void> {
    this.#tokenSource = member;
    return this.#connection.setToken(member && (() => this.#token()));
  }

  /** From whoever gives tokens by now; that one may be another than the one that signed in. */
  async #token(): Promise<string | null> {
    for (;;) {
      const source = this.#tokenSource;
      if (source === null) return null;
      const outcome = await source.askToken();
      if (outcome === null) continue;
      if (outcome.ok) return outcome.value;
      throw new Error(outcome.error.message);
    }
  }

  #anyWithToken(): LeaderMember | null {
    for (const member of this.#members.values()) if (member.hasToken) return member;
    return null;
  }

  #tellState(): void {
    if (this.#stopped) return;
    if (this.#connection.status !== 'online') this.#leftBehind.forget();
    for (const member of this.#members.values()) this.#tellStateTo(member);
  }

  #tellStateTo(member: LeaderMember): void {
    const { status, epoch, serverTimeOffset, user, lastError } = this.#connection;
    const error = lastError && plainErrorOf(lastError);
    member.send({ kind: 'state', state: { status, epoch, serverTimeOffset, user, lastError: error } });
  }
}
