import type { Journal } from '@backside/store';
import { journalConformance } from '@backside/store/conformance';
import { afterAll, describe } from 'vitest';
import { startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import { sharedService } from '../../../test/services/index.js';
import { createPostgresJournal } from './postgres-journal.js';
import { atPort, journalOptions, projectAll } from './test-server.js';

const postgres = await sharedService('postgres');
afterAll(() => postgres?.stop(), 30_000);

describe.skipIf(postgres === null)('on a server', () => {
  const url = postgres?.url ?? '';

  journalConformance('postgres journal', async () => {
    const proxy = await startFaultyProxy({ targetPort: Number(new URL(url).port) });
    const options = journalOptions(atPort(url, proxy.port), { patienceMs: 200 });
    const opened: Journal[] = [];
    const open = async (through = options.url): Promise<Journal> => {
      const journal = await createPostgresJournal({ ...options, url: through });
      opened.push(journal);
      return journal;
    };
    const first = await open();
    return {
      journal: first,
      async reopen() {
        await first.close();
        return open(url);
      },
      second: () => open(),
      project: () => projectAll(options),
      breakMedium: () => proxy.stop(),
      async dispose() {
        for (const journal of opened) await journal.close();
        await proxy.stop();
      },
    };
  });
});
