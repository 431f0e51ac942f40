import { register } from 'tsx/esm/api';

/** The entry of a worker process where the package runs from its source. */
register();
await import('./worker.ts');
