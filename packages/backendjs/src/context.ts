import type { Database, WriteStep } from '@backside/api';
import type { Auth, PrivateTree, Throttle } from '@backside/auth';
import type { Jobs } from '@backside/jobs';
import type { Media } from '@backside/media';
import type { Notifier } from '@backside/notifier';
import type { Logger } from '@backside/protocol';
import type { Cache } from './cache.js';
import type { Credential } from './credentials/credential.js';
import type { Credentials } from './credentials/credentials.js';
import type { UserAccounts } from './credentials/user-accounts.js';
import type { LegacyAnswer } from './http/answer.js';
import type { LegacyRequest } from './http/legacy-request.js';
import type { NextTokens } from './http/next-token.js';
import type { Ipc } from './ipc/ipc.js';
import type { LegacyMetrics } from './metrics/legacy-metrics.js';
import type { PageView } from './pages/page-view.js';
import type { Expected } from './rows/row-store.js';
import type { BackendjsSettings } from './settings.js';
import type { ServerControl } from './system/server-control.js';

/** A new account, as the hooks of areas see it. */
export interface NewAccount {
  readonly credential: Credential;
  /** Columns of its bk_account row. */
  readonly columns: ReadonlyMap<string, unknown>;
  /** When it was made: `ctime` and `mtime` of its rows. */
  readonly now: number;
}

/** Steps of a commit, and what they rest on. */
interface Removal {
  readonly steps: readonly WriteStep[];
  readonly expected?: readonly Expected[];
}

/** What an area has of an account. */
export interface AccountHook {
  /** What is added to the one commit that makes an account. */
  onAdd?(account: NewAccount): readonly WriteStep[];
  /**
   * What is added to the commits that take an account out of sight, as one is before `purge` and one after it: few steps, however much
   * the account has. Called again if one of the `expected` values was no longer there.
   */
  onDelete?(id: string): Removal;
  /** Removes what may be many, some at a time, and what is not in the tree, such as images. May be called again for what is half gone. */
  purge?(id: string): Promise<void>;
}

/** What endpoints work with. One per server. */
export interface BackendjsContext {
  readonly database: Database;
  readonly auth: Auth;
  /** The private part of the tree, for configuration, properties and the like; bk_auth is `credentials`. */
  readonly tree: PrivateTree;
  readonly credentials: Credentials;
  /** The accounts of `auth` behind them. */
  readonly users: UserAccounts;
  /** Slows down who guesses signing secrets, by login and address. Of this process. */
  readonly guesses: Throttle;
  /** Hooks of all areas, in the order in which the areas were composed. */
  readonly accountHooks: AccountHook[];
  readonly media: Media | null;
  readonly jobs: Jobs | null;
  readonly notifier: Notifier;
  readonly cache: Cache;
  /** The settings in force now: they change on reload, so nobody keeps them. */
  readonly settings: BackendjsSettings;
  /** What pages are shown in, as the settings say. */
  readonly pageView: PageView;
  readonly nextTokens: NextTokens;
  readonly logger: Logger;
  readonly now: () => number;
  readonly publicUrl: URL;
  readonly development: boolean;
  readonly nodeId: string;
  readonly metrics: LegacyMetrics;
  /** Messages between modules, processes and nodes; null where there is none. */
  readonly ipc: Ipc | null;
  /** Null where the server cannot be steered from here. */
  readonly control: ServerControl | null;
  /** Sends a request through the whole pipeline, as if it had come by HTTP. Never rejects. */
  dispatch(request: LegacyRequest): Promise<LegacyAnswer>;
}
