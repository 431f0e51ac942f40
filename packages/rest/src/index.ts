export { createRest } from './app.js';
export { createClientAddress } from './client-address.js';
export type { RestOptions } from './rest-options.js';
