import type { ErrorCode } from '@backside/protocol';
import type { QuotaKind, QuotaScope } from './quotas.js';

/** What the proxy has done so far, as plain numbers: counted on the hot path, read when somebody scrapes. */
export class ProxyCounters {
  connections = 0;
  connectionsAccepted = 0;
  connectionsRefused = 0;
  subscriptions = 0;
  framesIn = 0;
  bytesIn = 0;
  messagesOut = 0;
  receiptsOut = 0;
  bytesOut = 0;
  /** Handed to a database and not answered yet. */
  writesInFlight = 0;
  readonly refused: Map<ErrorCode, number> = new Map();
  /** Refusals by a quota: whose, then of what. */
  readonly overQuota: Readonly<Record<QuotaScope, Record<QuotaKind, number>>> = {
    user: { operations: 0, bytes: 0, listens: 0 },
    address: { operations: 0, bytes: 0, listens: 0 },
  };

  countRefusal(code: ErrorCode): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }

  countOverQuota(scope: QuotaScope, kind: QuotaKind): void {
    this.overQuota[scope][kind] += 1;
  }
}
