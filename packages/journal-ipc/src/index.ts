export type { Channel } from './channel.js';
export { createIpcJournal } from './ipc-journal.js';
export { type SharedJournal, shareJournal } from './share-journal.js';
