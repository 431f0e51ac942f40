import { toBacksideError } from '@backside/protocol';
import { ConnectionScope, type ScopeBounds } from './connection-scope.js';
import type { DatabaseOptions } from './database-options.js';
import { LeftWriteMaker } from './left-write-maker.js';
import type { WriteOperation } from './operation.js';
import { ScopeKeeper, volatileRecords } from './scope-keeper.js';

export interface ConnectionScopesOptions {
  readonly options: DatabaseOptions;
  readonly bounds: ScopeBounds;
  readonly check: (operation: WriteOperation) => void;
  readonly write: (operation: WriteOperation) => Promise<unknown>;
}

/** The scopes of all connections to one database, with what makes and what keeps their writes. */
export class ConnectionScopes {
  readonly #options: ConnectionScopesOptions;
  readonly #maker: LeftWriteMaker;
  /** Null if what connections leave is lost with this process. */
  readonly #keeper: ScopeKeeper | null;
  readonly #records: Pick<ScopeKeeper, 'newRecord'>;

  constructor(options: ConnectionScopesOptions) {
    this.#options = options;
    const { logger, sleep, scopes, journal, name } = options.options;
    this.#maker = new LeftWriteMaker({
      write: options.write,
      failed: (error) => {
        const { code, trace } = toBacksideError(error);
        logger.warn({ database: name, code, trace }, 'a write left for the end of a connection was refused');
      },
      sleep,
    });
    const make = this.#maker.make.bind(this.#maker);
    const alone = !journal.supports.sharedBetweenNodes;
    this.#keeper = scopes === undefined ? null : new ScopeKeeper({ ...options.options, store: scopes, make, alone });
    this.#records = this.#keeper ?? volatileRecords(options.options);
  }

  /** See `Database.connectionScope`. */
  newScope(lost: () => void): ConnectionScope {
    const { check, bounds } = this.#options;
    const host = { check, make: this.#maker.make.bind(this.#maker) };
    return new ConnectionScope({ host, bounds, record: this.#records.newRecord(), lost });
  }

  /** Begins to look after what dead nodes left, if that is kept anywhere. */
  open(): void {
    this.#keeper?.open();
  }

  /** Tries nothing again, and waits for no grace any more. */
  stop(): void {
    this.#maker.close();
  }

  /** Leaves what was not made to whoever comes next. */
  async close(): Promise<void> {
    await this.#keeper?.close();
  }
}
