export type { Presence, PresenceChange, PresenceOptions, PresentConnection, PresentUser } from './presence.js';
export { type PresenceDatabase, presence } from './presence-list.js';
