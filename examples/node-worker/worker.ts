// Does jobs until it is stopped. Any number of these may run.
import { type Backside, connect, RefusedError } from '@backside/sdk';
import { createAuth } from '@backside/sdk/auth';
import { nodeSocket } from '@backside/sdk/node';
import { stopOnSignal } from '../lib/stop-on-signal.js';
import { primeFactors } from './factors.js';
import type { JobSchema } from './schema.js';

const { BACKSIDE_URL = 'http://127.0.0.1:5000', WORKER_NAME = '', WORKER_PASSWORD = '' } = process.env;

const db = connect<JobSchema>(BACKSIDE_URL, { socket: nodeSocket });
const auth = createAuth(db, { url: BACKSIDE_URL });
const stopped = new AbortController();
stopOnSignal(async () => {
  stopped.abort();
  auth.close();
  await db.close();
});

const { uid } = await auth.signIn(WORKER_NAME, WORKER_PASSWORD);
console.log(`${uid} is ready`);
const next = db.ref('/jobs').orderByChild('state').equalTo('waiting').limitToFirst(1);
for await (const snapshot of next.changes({ signal: stopped.signal })) {
  const [job] = [...snapshot];
  if (job !== undefined) await attempt(db, job.key!);
}

/** Does the job if it can be had. What goes wrong with one does not end the worker: the job goes to whoever is next. */
async function attempt(to: Backside<JobSchema>, id: string): Promise<void> {
  try {
    const number = await claim(to, id);
    if (number === null) return;
    const factors = (await primeFactors(number)).join(' × ');
    await to.update(`/jobs/${id}`, { state: 'done', factors });
    await to.ref(`/jobs/${id}`).onDisconnect().cancel();
    console.log(`${uid}: ${number} = ${factors}`);
  } catch (error) {
    console.error(`${uid}: ${id}:`, error);
  }
}

/** Resolves with the number of the job if it is now this worker's, and null if another was first. */
async function claim(to: Backside<JobSchema>, id: string): Promise<number | null> {
  const ref = to.ref(`/jobs/${id}`);
  try {
    // Should this process die the job waits again. Left before the claim, so that there is no moment at which it could be
    // lost; as long as the job is not this worker's, the rules see to it that nothing comes of it.
    await ref.onDisconnect().update({ state: 'waiting', worker: null });
    const { committed, snapshot } = await ref.transaction((job) =>
      job?.state === 'waiting' ? { ...job, state: 'claimed', worker: uid } : undefined,
    );
    const job = snapshot.val();
    if (committed && job !== null) return job.number;
  } catch (error) {
    // Nobody may touch what another worker has.
    if (!(error instanceof RefusedError && error.code === 'permission-denied')) throw error;
  }
  await ref.onDisconnect().cancel();
  return null;
}
