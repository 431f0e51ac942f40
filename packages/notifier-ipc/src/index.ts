export type { Channel } from './channel.js';
export { createIpcNotifier } from './ipc-notifier.js';
export { type NotificationRelay, relayNotifications } from './relay-notifications.js';
