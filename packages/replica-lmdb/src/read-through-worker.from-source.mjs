// Starts the process from its TypeScript source, where the package runs without having been built.
import { register } from 'tsx/esm/api';

register();
await import('./read-through-worker.ts');
