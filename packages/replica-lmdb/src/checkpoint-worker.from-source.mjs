// Starts the worker from its TypeScript source, where the package runs without having been built.
import { register } from 'tsx/esm/api';

register();
await import('./checkpoint-worker.ts');
