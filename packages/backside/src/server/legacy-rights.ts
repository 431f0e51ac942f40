import { type Logger, NOBODY } from '@backside/protocol';
import type { ServedDatabase } from './served-database.js';

/** What is about single people: where they are, and what only they should see. */
const PRIVATE_ROOTS = ['me', 'locations', 'messages', 'connections', 'references'] as const;

/** Warns if the rules in force let anybody read rows of the legacy interface that are about single people. */
export function warnOfOpenLegacyPaths({ authorizer, reader, name }: ServedDatabase, logger: Logger): void {
  const open = PRIVATE_ROOTS.filter((root) => {
    const asked = { principal: NOBODY, path: [root], query: null, root: reader, now: Date.now(), tracked: false };
    return authorizer.read(asked).allowed;
  });
  if (open.length === 0) return;
  const paths = open.map((root) => `/${root}`).join(', ');
  logger.warn(
    { database: name },
    `the rules let anybody read ${paths}, which the legacy interface keeps private; packages/backendjs/rules.json has rules for it`,
  );
}
