export { createNatsNotifier, probeNats } from './nats-notifier.js';
