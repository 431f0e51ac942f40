export { createJobs } from './create-jobs.js';
export { type Cron, type CronOptions, createCron } from './cron/cron.js';
export type { CronEntry, CrontabLine } from './cron/cron-entry.js';
export { createEmbeddedQueue, type EmbeddedQueueOptions } from './embedded/embedded-queue.js';
export { createFunctions } from './functions/functions.js';
export {
  createFunctionsDesk,
  type FunctionReport,
  type FunctionsDesk,
  type FunctionsReport,
} from './functions/functions-desk.js';
export {
  type AccountsSource,
  DEFAULT_FUNCTIONS_LIMITS,
  type FunctionDeadLetter,
  type FunctionStatus,
  type Functions,
  type FunctionsLimits,
  type FunctionsOptions,
} from './functions/options.js';
export { FinalError, type Handler, type JobContext, type JobStep } from './handler.js';
export type { JobRequest, JobState, JobStatus, Jobs, JobsOptions } from './jobs.js';
export { namedJobs } from './named-jobs.js';
export type {
  Backoff,
  ConsumeOptions,
  Consumer,
  DeadLetter,
  Delivery,
  JobOptions,
  NewJob,
  Outcome,
  Queue,
  QueueCounts,
  QueueSupports,
  Submission,
} from './queue.js';
