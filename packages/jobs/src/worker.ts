import { runAsWorker } from './workers/worker-process.js';

/** The entry of a worker process: it runs jobs for the process that forked it, one at a time, and ends with it. */
runAsWorker();
