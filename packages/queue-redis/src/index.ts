export { createRedisQueue, type RedisQueueOptions } from './redis-queue.js';
