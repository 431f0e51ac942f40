import type { Status } from '../link/connection.js';
import type { ReactClient } from './react-client.js';
import { useWatch, type Wish } from './use-watch.js';

const STATUS: Wish<Status> = { key: 'status', first: 'connecting', start: follow };

/** Whether the client is connected. `connecting` on a server, and until a component is mounted. */
export function useStatus(): Status {
  return useWatch(STATUS, 'connecting');
}

function follow(client: ReactClient, tell: (status: Status) => void): () => void {
  tell(client.status);
  return client.onStatus(tell);
}
