import type { ErrorCode } from '@backside/protocol';

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

  countRefusal(code: ErrorCode): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }
}
