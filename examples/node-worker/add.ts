// Asks for work and waits for the results: npm run add -- 91 1000003
import { connect } from '@backside/sdk';
import { nodeSocket } from '@backside/sdk/node';
import type { JobSchema } from './schema.js';

const numbers = process.argv.slice(2).map(Number);
const { BACKSIDE_PORT = '5000', BACKSIDE_URL = `http://127.0.0.1:${BACKSIDE_PORT}` } = process.env;
const db = connect<JobSchema>(BACKSIDE_URL, { socket: nodeSocket });
await Promise.all(numbers.map(result));
await db.close();

async function result(number: number): Promise<void> {
  const job = await db.ref('/jobs').push({ number, state: 'waiting' });
  for await (const snapshot of job.changes()) {
    const { state, worker, factors } = snapshot.val() ?? { state: 'waiting' };
    if (state !== 'done') continue;
    console.log(`${number} = ${factors} (${worker})`);
    return;
  }
}
