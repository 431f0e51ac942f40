import { BacksideError } from '@backside/protocol';
import type { BackendjsContext } from '../context.js';
import type { LegacyEndpoint } from '../endpoint.js';

/**
 * The same endpoints, which then see every write that any node had acknowledged before the request came. While the journal is out of
 * reach they answer what this node knows.
 */
export function withFreshRows(context: BackendjsContext, endpoints: readonly LegacyEndpoint[]): LegacyEndpoint[] {
  return endpoints.map((endpoint) => ({
    ...endpoint,
    serve: async (call) => {
      await refresh(context);
      return endpoint.serve(call);
    },
  }));
}

async function refresh({ database }: BackendjsContext): Promise<void> {
  try {
    await database.refresh();
  } catch (error) {
    if (!(error instanceof BacksideError) || error.code !== 'unavailable' || database.staleness() === null) throw error;
  }
}
