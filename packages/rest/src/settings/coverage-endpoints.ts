import { formatCoverage } from '@backside/security';
import { bearerOrQueryToken } from '../bearer.js';
import type { Endpoint } from '../endpoint.js';
import type { RestOptions } from '../rest-options.js';

type CoverageOptions = Pick<RestOptions, 'coverage' | 'development'>;

/**
 * How often each expression of the rules in force was what, as JSON and, where Firebase's tools look for it, also as text. For admins;
 * there also for all in development mode.
 */
export function coverageEndpoints({ coverage, development }: CoverageOptions): readonly Endpoint[] {
  const query = {
    method: 'get',
    token: bearerOrQueryToken,
    summary: 'How often each expression of the rules was true, false or failed',
  } as const;
  const inspection = { ...query, access: development ? 'anyone' : 'admin' } as const;
  const json: Endpoint['serve'] = async ({ database }) => ({ json: await coverage(database) });
  return [
    { ...query, access: 'admin', path: '/.settings/rules/coverage', serve: json },
    { ...inspection, path: '/.inspect/coverage.json', serve: json },
    {
      ...inspection,
      path: '/.inspect/coverage',
      serve: async ({ database }) => ({ text: `${formatCoverage(await coverage(database))}\n` }),
    },
  ];
}
