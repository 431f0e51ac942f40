import { register } from 'tsx/esm/api';

/** The entry of a function file's thread where the package runs from its source. */
register();
await import('./thread.ts');
