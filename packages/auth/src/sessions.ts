import { randomBytes } from 'node:crypto';
import { BacksideError } from '@backside/protocol';
import type { Json } from '@backside/tree';
import { type Account, edited } from './account.js';
import { generationOf } from './accounts.js';
import { formatClaims } from './claims.js';
import type { Edit } from './edit.js';
import { PATHS } from './paths.js';
import type { PrivateTree, PrivateValue } from './private-tree.js';
import {
  createRefreshToken,
  createSealKey,
  hashRefreshToken,
  isGenuine,
  parseRefreshToken,
  type RefreshToken,
} from './refresh-token.js';
import { signInRefused } from './refusals.js';
import { hashSecret, sameHash } from './secret.js';
import type { Session } from './session.js';
import { type SessionRecord, sessionOf } from './session-record.js';
import type { Client } from './sign-in-api.js';
import type { Claims } from './user.js';

export interface NewSession {
  readonly provider: string;
  readonly client: Client;
  readonly claims?: Claims | undefined;
  readonly external?: string | undefined;
}

/** A session that begins or goes on, with its only copy of a refresh token. */
export interface OpenSession {
  readonly id: string;
  readonly record: SessionRecord;
  readonly refreshToken: string;
}

/** A used token came again: the session is ended. */
export class ReusedTokenError extends BacksideError {
  readonly uid: string;

  constructor(uid: string) {
    super('unauthenticated');
    this.name = 'ReusedTokenError';
    this.uid = uid;
  }
}

export interface SessionsOptions {
  readonly tree: PrivateTree;
  readonly now: () => number;
  readonly idleMs: number;
  readonly maxMs: number;
  readonly perUser: number;
}

/** How long a client may repeat a refresh whose answer it did not get. */
const REPEAT_MS = 60_000;
const MAX_LABEL_CHARS = 120;
const ATTEMPT = /^[\x21-\x7e]{16,128}$/;

/** The sessions of a database. */
export class Sessions {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** The record of a session that has neither expired nor been ended by itself; its account may have voided it. */
  get(id: string): SessionRecord | null {
    const record = this.#options.tree.read(PATHS.session(id)) as unknown as SessionRecord | null;
    return record === null || record.expiresAt <= this.#options.now() ? null : record;
  }

  /** Whether the session is one of this account, as it is now. */
  holds(id: string, account: Account): SessionRecord | null {
    const record = this.get(id);
    return record !== null && record.uid === account.uid && record.generation === account.generation ? record : null;
  }

  /** The last used first. */
  of(account: Account): Session[] {
    return this.#ids(account.uid)
      .flatMap((id) => {
        const record = this.holds(id, account);
        return record === null ? [] : [sessionOf(id, record)];
      })
      .sort((a, b) => b.usedAt - a.usedAt);
  }

  /** A new session, to be committed; it does not begin if the account is voided meanwhile. `account` may be one that the same step makes. */
  open(account: Account, wish: NewSession): { readonly session: OpenSession; readonly edit: Edit } {
    const id = randomBytes(18).toString('base64url');
    const sealKey = createSealKey();
    const refreshToken = createRefreshToken(id, sealKey);
    const record = this.#newRecord(account, wish, { sealKey, hash: hashRefreshToken(refreshToken) });
    const changes: PrivateValue[] = [
      ...this.#surplus(account).flatMap((old) => removal(account.uid, old)),
      { path: PATHS.session(id), value: record as unknown as Json },
      { path: [...PATHS.sessionsOf(account.uid), id], value: true },
      { path: PATHS.lastSignIn(account.uid), value: record.createdAt },
    ];
    return { session: { id, record, refreshToken }, edit: { changes, expect: [generationOf(account)] } };
  }

  /** Which session the token speaks of, without changing anything; rejects `unauthenticated`. */
  find(text: string): { readonly token: RefreshToken; readonly record: SessionRecord } {
    const token = parseRefreshToken(text);
    const record = token === null ? null : this.get(token.session);
    if (token === null || record === null || !isGenuine(token, record.sealKey)) throw signInRefused();
    return { token, record };
  }

  /**
   * Trades the token for its successor. A token that was traded before ends the session and rejects with `ReusedTokenError`,
   * unless it is the last one traded, within a minute, with the same `attempt`.
   */
  async rotate(
    text: string,
    use: { readonly client: Client; readonly attempt?: string | undefined; readonly claims?: Claims | undefined },
  ): Promise<OpenSession> {
    const { attempt } = use;
    if (attempt !== undefined && !ATTEMPT.test(attempt)) throw new BacksideError('invalid-data', 'Invalid attempt');
    const { token, record } = this.find(text);
    if (!sameHash(record.hash, hashRefreshToken(text))) return this.#repeat(token, record, attempt);
    const successor = createRefreshToken(token.session, record.sealKey, repeatOf(text, attempt));
    const next = edited(record, {
      ...this.#used(record, use.client),
      hash: hashRefreshToken(successor),
      previous: record.hash,
      attempt: attempt === undefined ? undefined : hashSecret(attempt),
      claims: use.claims === undefined ? record.claims : formatClaims(use.claims),
    });
    try {
      await this.#options.tree.update(
        [{ path: PATHS.session(token.session), value: next as unknown as Json }],
        [{ path: [...PATHS.session(token.session), 'hash'], value: record.hash }],
      );
    } catch (error) {
      if (!(error instanceof BacksideError) || error.code !== 'precondition-failed') throw error;
      await this.#options.tree.refresh();
      return this.rotate(text, use);
    }
    return { id: token.session, record: next, refreshToken: successor };
  }

  /** Goes on with a session of the actor under a new refresh token, whatever became of the old one. */
  async renew(id: string, use: { readonly client: Client; readonly provider: string }): Promise<OpenSession> {
    const record = this.get(id);
    if (record === null) throw signInRefused();
    const refreshToken = createRefreshToken(id, record.sealKey);
    const next = edited(record, {
      ...this.#used(record, use.client),
      provider: use.provider,
      hash: hashRefreshToken(refreshToken),
      previous: undefined,
      attempt: undefined,
    });
    const change = { path: PATHS.session(id), value: next as unknown as Json };
    await this.#options.tree.update([change], [{ path: [...PATHS.session(id), 'hash'], value: record.hash }]);
    return { id, record: next, refreshToken };
  }

  /** Ends one session of the account, if it is one. */
  async end(uid: string, id: string): Promise<void> {
    await this.#options.tree.update(removal(uid, id));
  }

  /** Takes away what is left of an account's sessions; to be committed with what voids them. `keep` stays in the generation given. */
  clear(uid: string, keep?: { readonly id: string; readonly generation: number }): Edit {
    const ended = this.#ids(uid).filter((id) => id !== keep?.id);
    const changes = ended.flatMap((id) => removal(uid, id));
    if (keep === undefined) return { changes, expect: [] };
    const kept = { path: [...PATHS.session(keep.id), 'generation'], value: keep.generation };
    const stillThere = { path: [...PATHS.sessionsOf(uid), keep.id], value: true };
    return { changes: [...changes, kept], expect: [stillThere] };
  }

  #ids(uid: string): string[] {
    return this.#options.tree.keys(PATHS.sessionsOf(uid));
  }

  /** The sessions unused longest, as many as must go before one more is allowed. */
  #surplus(account: Account): string[] {
    const ids = this.#ids(account.uid);
    if (ids.length < this.#options.perUser) return [];
    const live = this.of(account).slice(0, this.#options.perUser - 1);
    const kept = new Set(live.map(({ id }) => id));
    return ids.filter((id) => !kept.has(id));
  }

  #newRecord(account: Account, wish: NewSession, token: { sealKey: string; hash: string }): SessionRecord {
    const now = this.#options.now();
    const { client, claims } = wish;
    return edited<SessionRecord>(
      {
        uid: account.uid,
        provider: wish.provider,
        generation: account.generation,
        address: client.address,
        createdAt: now,
        usedAt: now,
        expiresAt: now + Math.min(this.#options.idleMs, this.#options.maxMs),
        ...token,
      },
      { label: labelOf(client), claims: claims && formatClaims(claims), external: wish.external },
    );
  }

  #used(record: SessionRecord, client: Client): Partial<SessionRecord> {
    const now = this.#options.now();
    const { idleMs, maxMs } = this.#options;
    return { usedAt: now, address: client.address, expiresAt: Math.min(now + idleMs, record.createdAt + maxMs) };
  }

  async #repeat(token: RefreshToken, record: SessionRecord, attempt: string | undefined): Promise<OpenSession> {
    const last = record.previous !== undefined && sameHash(record.previous, hashRefreshToken(token.text));
    const mayRepeat =
      last &&
      attempt !== undefined &&
      record.attempt !== undefined &&
      sameHash(record.attempt, hashSecret(attempt)) &&
      this.#options.now() < record.usedAt + REPEAT_MS;
    if (!mayRepeat) {
      await this.end(record.uid, token.session);
      throw new ReusedTokenError(record.uid);
    }
    const refreshToken = createRefreshToken(token.session, record.sealKey, repeatOf(token.text, attempt));
    return { id: token.session, record, refreshToken };
  }
}

function repeatOf(text: string, attempt: string | undefined): string | undefined {
  return attempt === undefined ? undefined : `${text} ${attempt}`;
}

function removal(uid: string, id: string): PrivateValue[] {
  return [
    { path: PATHS.session(id), value: null },
    { path: [...PATHS.sessionsOf(uid), id], value: null },
  ];
}

/** Cut, and without control characters; undefined if nothing is left. */
function labelOf(client: Client): string | undefined {
  const label = client.label
    ?.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '')
    .trim()
    .slice(0, MAX_LABEL_CHARS)
    .replace(/\p{Cs}/gu, '');
  return label === '' ? undefined : label;
}
