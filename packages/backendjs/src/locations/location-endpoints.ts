import type { AccountHook, BackendjsContext } from '../context.js';
import type { LegacyEndpoint } from '../endpoint.js';
import { Rows } from '../rows/rows.js';
import { ACCOUNTS } from '../rows/tables.js';
import { getAccountsAround, getLocations } from './get-locations.js';
import { putLocation, removalSteps, sameTime } from './put-location.js';

/** Where accounts are, and who is near. */
export function locationEndpoints(context: BackendjsContext): LegacyEndpoint[] {
  context.accountHooks.push(locationHook(context));
  return [
    { paths: ['/location/put'], serve: putLocation },
    { paths: ['/location/get', '/location/search'], serve: getLocations },
    { paths: ['/account/select/location'], serve: getAccountsAround },
  ];
}

/** An account that goes is found no more. */
function locationHook({ database, tree }: BackendjsContext): AccountHook {
  const rows = new Rows(database, tree);
  return {
    onDelete: (id) => {
      const { geohash, ltime } = rows.get(ACCOUNTS, { id }) ?? {};
      const steps = typeof geohash === 'string' ? removalSteps(geohash, id) : [];
      return { steps, expected: [sameTime(id, ltime)] };
    },
  };
}
