export { keepingIds, queueConformance } from './conformance/queue-conformance.js';
export type { QueueClient, QueueFixture } from './conformance/queue-fixture.js';
