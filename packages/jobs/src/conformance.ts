export { keepingIds, type QueueClient, type QueueFixture, queueConformance } from './queue-conformance.js';
