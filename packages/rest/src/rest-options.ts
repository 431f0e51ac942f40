import type { Database, DenialTrace, RulesStore } from '@backside/api';
import type { Auth, PrivateTree, Quotas } from '@backside/auth';
import type { Logger } from '@backside/protocol';
import type { CoverageReport } from '@backside/security';
import type { FindFunctions } from './jobs/functions-endpoints.js';
import type { FindJobs } from './jobs/jobs-endpoints.js';
import type { FindMedia } from './media/media-call.js';
import type { TreeLimits } from './tree/tree-limits.js';

/** What the HTTP edge is given by who mounts it. */
export interface RestOptions {
  /** The databases that requests can name; the first one serves requests that name none. At least one. */
  readonly databases: readonly Database[];
  readonly auth: (database: Database) => Auth;
  readonly rules: (database: Database) => RulesStore;
  /** The refusal of that id, from whichever process made it; null if it is not kept. */
  readonly findTrace: (id: string) => Promise<DenialTrace | null>;
  /** How often each expression of the present rules was true, false or failed, over all processes. */
  readonly coverage: (database: Database) => Promise<CoverageReport>;
  /**
   * For a socket that only the operator of the machine can reach: every request acts as the server's own admin, whatever token
   * it bears. Never to be given to what listens on a network.
   */
  readonly operator?: boolean;
  /** Whether anybody, not only an admin, may read explanations. */
  readonly development: boolean;
  /** Where clients reach this server, e.g. `https://data.example.com`; links and redirects use nothing else. */
  readonly publicUrl: URL;
  /** Addresses and networks (CIDR) whose `X-Forwarded-For` is believed. Default none. */
  readonly trustedProxies?: readonly string[];
  /** Origins whose pages may call; `*` for all. The origin of `publicUrl` always may. Default none besides. */
  readonly allowedOrigins?: readonly string[] | '*';
  /** Where a sign-in at another provider may lead back to: exact origins and path prefixes, e.g. `https://app.example.com/signed-in`. */
  readonly allowedRedirects?: readonly string[];
  /** Bounds of the tree over HTTP; what is left out is as in `DEFAULT_TREE_LIMITS`. */
  readonly tree?: Partial<TreeLimits>;
  /** What users and addresses have taken, over all edges of the process. Default: nobody is limited. */
  readonly quotas?: Quotas;
  /** A part of the private tree of a database, for the settings that Firebase's tools know. Default none: they cannot be changed. */
  readonly settings?: (database: Database) => PrivateTree;
  /** Whether `/docs` serves a page to try the interface. Default: in development. */
  readonly docs?: boolean;
  /** The files of a database, served below `/.media` and `/.uploads`. Default none. */
  readonly media?: FindMedia;
  /** The jobs of a database, served below `/.jobs`. Default none. */
  readonly jobs?: FindJobs;
  /** The functions of a database, served below `/.functions`. Default none. */
  readonly functions?: FindFunctions;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
