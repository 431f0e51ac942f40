/** Destinations that begin with a dot, which no key may, are the server's own (never part of the tree). */
export const DESTINATIONS = {
  connected: '/.info/connected',
  serverTimeOffset: '/.info/serverTimeOffset',
  user: '/.info/user',
  errors: '/.errors',
  auth: '/.auth',
} as const;

/** The version of what `@backside/protocol` describes; raised with every change that an old client could misread. */
export const PROTOCOL_VERSION = 1;
