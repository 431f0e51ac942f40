export type { PostgresJournalOptions, PostgresPlace, PostgresProjectorOptions, PostgresRetention } from './options.js';
export { createPostgresJournal } from './postgres-journal.js';
export { createPostgresNotifier, type PostgresNotifierOptions, probePostgresNotifier } from './postgres-notifier.js';
export { type PostgresFacts, probePostgres } from './probe.js';
export { createPostgresProjector, type PostgresProjector, type ProjectionState } from './projector.js';
