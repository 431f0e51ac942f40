import type { Database } from '@backside/api';
import type { Auth, PrivateTree } from '@backside/auth';
import type { Jobs } from '@backside/jobs';
import type { Media } from '@backside/media';
import type { Notifier } from '@backside/notifier';
import type { Logger } from '@backside/protocol';
import type { Cache } from './cache.js';
import type { LegacyHook } from './hook.js';
import type { Ipc } from './ipc/ipc.js';
import type { LegacyMetrics } from './metrics/legacy-metrics.js';
import type { BackendjsSettings } from './settings.js';
import type { ServerControl } from './system/server-control.js';

export type { LegacyMetrics } from './metrics/legacy-metrics.js';

export interface BackendjsOptions {
  /** Rows live here. */
  readonly database: Database;
  readonly auth: Auth;
  /** The `legacy` part of the private database: credentials and configuration. */
  readonly credentials: PrivateTree;
  /** 32 bytes that signing secrets are encrypted with; see `openSecretKey`. All nodes have the same. */
  readonly secretKey: Uint8Array;
  /** Null: icons and files are not served. */
  readonly media: Media | null;
  readonly jobs: Jobs | null;
  readonly notifier: Notifier;
  readonly cache: Cache;
  readonly settings: BackendjsSettings;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly publicUrl: URL;
  /** Addresses or networks whose `X-Forwarded-*` headers are believed. */
  readonly clientAddress: (request: import('node:http').IncomingMessage) => string;
  readonly development: boolean;
  readonly nodeId: string;
  readonly metrics: LegacyMetrics;
  /** What the application adds to the pipeline. */
  readonly hooks?: readonly LegacyHook[];
  /** Messages between modules, processes and nodes; null: `/system/queue/publish` is refused. */
  readonly ipc?: Ipc | null;
  readonly control?: ServerControl | null;
}
