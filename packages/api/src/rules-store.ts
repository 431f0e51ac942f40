import { ADMIN, BacksideError, type Logger, type ResumePoint } from '@backside/protocol';
import { compileRules, type RuleIndex, type Rules } from '@backside/security';
import type { ViewEvent } from './listener.js';
import { CURRENT, type PrivateDatabase, RulesHistory, type RulesVersion } from './rules-history.js';
import type { RulesSource } from './rules-source.js';

/** Tries before a `put` fails because others keep coming first. */
const MAX_TRIES = 25;
const MAX_VERSIONS = 100;
const DENY_ALL = '{"rules": {}}';

export interface RulesStoreOptions {
  /** Private to the server: whoever can write there makes the rules. Every node follows it. */
  readonly database: PrivateDatabase;
  /** Where the ruled database stands now. */
  readonly position: () => ResumePoint;
  /** The text of the rules in force while none are stored. By default nobody may do anything. */
  readonly fallback?: string;
  /** Told which indexes the rules in force ask for: at the opening, and after each change; never twice at a time. */
  readonly setIndexes?: (indexes: readonly RuleIndex[]) => Promise<void>;
  /** Versions that are kept. Default 100. */
  readonly maxVersions?: number;
  readonly now: () => number;
  readonly logger: Logger;
}

export interface PutOptions {
  /** The version that the new one is meant to follow, 0 for the very first; another one refuses it with `precondition-failed`. */
  readonly expected?: number;
}

/**
 * The rules of one database, in versions, in its private database. A version replaces the one before it as a whole, on every
 * node as soon as the node has heard of it: there is no moment without rules, or with parts of two versions.
 *
 * What is stored compiles, since `put` refuses anything else. Should another release have stored what this one cannot compile,
 * the version before it stays in force here; a node that has none then lets only admins in.
 */
export class RulesStore implements RulesSource {
  readonly #options: RulesStoreOptions;
  readonly #history: RulesHistory;
  readonly #listeners = new Set<() => void>();
  #current: Rules;
  /** What is in force; null for the fallback. */
  #version: RulesVersion | null = null;
  /** The number of the version that was looked at last, in force or not. */
  #seen = 0;
  #indexing: Promise<void> = Promise.resolve();
  #stop: () => void = () => {};

  /** Use `openRulesStore`. */
  constructor(options: RulesStoreOptions) {
    this.#options = options;
    this.#history = new RulesHistory(options.database, options.maxVersions ?? MAX_VERSIONS);
    this.#current = compileRules(options.fallback ?? DENY_ALL);
  }

  /** Loads what is stored and follows it; resolves once this store is as new as any node. Called once by `openRulesStore`. */
  async open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const subscription = this.#options.database.listen<ViewEvent>(ADMIN, {
        path: CURRENT,
        encoder: { format: 'export', encode: (event) => event },
        listener: {
          event: () => {
            try {
              this.#load();
              resolve();
            } catch (error) {
              this.#options.logger.error({ err: error }, 'the stored rules cannot be read; those before stay in force');
              reject(error);
            }
          },
          cancelled: (error) => {
            this.#options.logger.error({ err: error }, 'this node no longer hears of new rules');
            reject(error);
          },
        },
      });
      this.#stop = () => subscription.end();
    });
    if (this.#seen === 0) this.#applyIndexes();
  }

  get current(): Rules {
    return this.#current;
  }

  /** The version in force here; null while none is stored. */
  get version(): RulesVersion | null {
    return this.#version;
  }

  since(): number {
    const version = this.#version;
    return version !== null && version.epoch === this.#options.position().epoch ? version.revision : 0;
  }

  onChange(changed: () => void): () => void {
    const listener = (): void => changed();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The versions that are kept, newest first. */
  versions(): RulesVersion[] {
    return this.#history.versions();
  }

  /** The text of a version, byte for byte; null if it is not kept. */
  sourceOf(version: number): string | null {
    return this.#history.sourceOf(version);
  }

  /**
   * Puts rules in force everywhere: here when it resolves, with the version they are now. A text that is in force already makes
   * no new version. Rejects with `RulesError` if it does not compile; nothing has changed then.
   */
  async put(source: string, author: string | null, options: PutOptions = {}): Promise<RulesVersion> {
    return this.#replace(source, { author, rollbackOf: null }, options);
  }

  /** Puts the text of an older version in force again, as a new version. Rejects with `not-found`, and as `put` does. */
  async rollback(version: number, author: string | null, options: PutOptions = {}): Promise<RulesVersion> {
    const source = this.#history.sourceOf(version);
    if (source === null) throw new BacksideError('not-found', `rules version ${version} is not kept`);
    return this.#replace(source, { author, rollbackOf: version }, options);
  }

  async #replace(
    source: string,
    origin: Pick<RulesVersion, 'author' | 'rollbackOf'>,
    { expected }: PutOptions,
  ): Promise<RulesVersion> {
    compileRules(source);
    for (let tries = 1; ; tries += 1) {
      await this.#options.database.refresh();
      const current = this.#history.current;
      if (expected !== undefined && expected !== current) {
        throw new BacksideError('precondition-failed', `version ${current} of the rules is in force, not ${expected}`);
      }
      const same = this.#history.sourceOf(current) === source ? this.#history.find(current) : null;
      if (same !== null) return same;
      const { epoch, revision } = this.#options.position();
      const next = { ...origin, version: current + 1, time: this.#options.now(), epoch, revision };
      try {
        await this.#history.add(next, source);
        this.#load();
        return next;
      } catch (error) {
        const isLate = error instanceof BacksideError && error.code === 'precondition-failed';
        if (!isLate || tries === MAX_TRIES) throw error;
      }
    }
  }

  /** Puts what is stored in force here. */
  #load(): void {
    const number = this.#history.current;
    if (number === this.#seen) return;
    this.#seen = number;
    const rules = this.#compile(number);
    if (rules !== null) this.#version = this.#history.find(number);
    else if (this.#version !== null) return;
    this.#current = rules ?? compileRules(DENY_ALL);
    this.#options.logger.info({ version: this.#version?.version ?? null }, 'rules are in force');
    this.#applyIndexes();
    for (const changed of [...this.#listeners]) this.#tell(changed);
  }

  /** Null if the stored text cannot be used. */
  #compile(version: number): Rules | null {
    try {
      const source = this.#history.sourceOf(version);
      if (source === null) throw new BacksideError('internal', `rules version ${version} is not there`);
      return compileRules(source);
    } catch (error) {
      const kept = this.#version?.version ?? null;
      this.#options.logger.error({ err: error, version, kept }, 'stored rules cannot be used');
      return null;
    }
  }

  #tell(changed: () => void): void {
    try {
      changed();
    } catch (error) {
      this.#options.logger.error({ err: error }, 'new rules could not be followed everywhere');
    }
  }

  #applyIndexes(): void {
    const { setIndexes, logger } = this.#options;
    const { indexes } = this.#current;
    if (setIndexes === undefined) return;
    this.#indexing = this.#indexing
      .then(() => setIndexes(indexes))
      .catch((error: unknown) => logger.error({ err: error }, 'the indexes that the rules ask for cannot be made'));
  }

  /** Stops following; resolves when no indexes are being set. */
  async close(): Promise<void> {
    this.#stop();
    await this.#indexing;
  }
}

/** Opens the rules of a database, and follows them. Rejects if the private database cannot be read. */
export async function openRulesStore(options: RulesStoreOptions): Promise<RulesStore> {
  const store = new RulesStore(options);
  await store.open();
  return store;
}
