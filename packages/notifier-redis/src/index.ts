export { createRedisNotifier, probeRedis } from './redis-notifier.js';
