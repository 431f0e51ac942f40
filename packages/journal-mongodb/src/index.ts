export { createMongoJournal } from './mongo-journal.js';
export { createMongoProjector, type MongoProjector, type ProjectionState } from './mongo-projector.js';
export type { MongoJournalOptions, MongoPlace, MongoProjectorOptions, MongoRetention } from './options.js';
export { type MongoFacts, type ProbeOptions, probeMongo } from './probe-mongo.js';
