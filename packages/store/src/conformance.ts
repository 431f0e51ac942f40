export { type JournalFixture, journalConformance } from './journal-conformance.js';
export { replicaConformance } from './replica-conformance.js';
export type { ReplicaFixture } from './replica-fixture.js';
