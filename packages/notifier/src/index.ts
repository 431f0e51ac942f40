export { createMemoryHub, createMemoryNotifier, type MemoryHub } from './memory-notifier.js';
export type { CommitHandler, Notifier } from './notifier.js';
