import { type Bundle, bundle } from './bundle.js';

const PARTS = ['index', 'auth/index', 'offline/index', 'presence/index'];

/** All but the React hooks as one script, which defines `backside`. */
export function browserBundle(): Promise<Bundle> {
  return bundle(PARTS.map((part) => `export * from './src/${part}.js';`).join('\n'), 'backside');
}
