export { journalConformance } from './journal-conformance.js';
export type { JournalFixture } from './journal-fixture.js';
export { replicaConformance } from './replica-conformance.js';
export type { ReplicaFixture } from './replica-fixture.js';
