export { createRest, type Rest } from './app.js';
export { createClientAddress } from './client-address.js';
export { limitSending } from './idle-limit.js';
export type { RestOptions } from './rest-options.js';
export { DEFAULT_TREE_LIMITS, type TreeLimits } from './tree/tree-limits.js';
