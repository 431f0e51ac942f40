export type { Channel } from './channel.js';
export { createIpcJournal } from './ipc-journal.js';
export { serveJournal } from './serve-journal.js';
