export { type AmqpNotifierOptions, createAmqpNotifier, probeAmqp } from './amqp-notifier.js';
