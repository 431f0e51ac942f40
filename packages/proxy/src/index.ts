export { ProxyCounters } from './counters.js';
export type { ProxyConnectionScope, ProxyDatabase } from './database.js';
export type { Envelope } from './encoder.js';
export { createHealthHandler, type Health, type HttpHandler, healthOf } from './health.js';
export { DEFAULT_PROXY_LIMITS, type ProxyLimits } from './limits.js';
export { createMetrics, type Observed, type ObservedDatabase } from './metrics.js';
export { createProxy, type Proxy, type ProxyOptions } from './proxy.js';
export type { Authenticate, Credentials } from './session-context.js';
export type { CloseReason, Framing, Transport, TransportEvents } from './transport.js';
