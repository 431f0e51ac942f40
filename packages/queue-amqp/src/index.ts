export { type AmqpQueueOptions, createAmqpQueue } from './amqp-queue.js';
