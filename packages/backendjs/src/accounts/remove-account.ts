import { ADMIN } from '@backside/protocol';
import { hashNode, nodeFromJson } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import { untilUndisturbed } from '../rows/rows.js';

/** Interrupted removals that are looked up at once. */
const PAGE = 100;

type Removing = Pick<BackendjsContext, 'accountHooks' | 'credentials' | 'database'>;

/**
 * Removes an account and all that is its own. First it can do nothing any more, then one commit takes it out of sight, then what may be
 * many goes some at a time, and last its login is free again. Wherever that stops, `resumeRemovals` goes on; two at once do no harm.
 */
export async function removeAccount(context: Removing, id: string): Promise<void> {
  await context.credentials.retire(id);
  await hide(context, id);
  for (const hook of context.accountHooks) await hook.purge?.(id);
  // Once more: what others wrote meanwhile, such as messages to it.
  await hide(context, id);
  await untilUndisturbed(() => context.credentials.remove(id));
}

/** Who ends what others have begun. */
interface Resuming {
  /** Asked before each removal: whether to leave it to a later look. */
  isClosed(): boolean;
  /** Told of each removal that cannot be ended now. */
  failed(id: string, error: unknown): void;
}

/** Ends the removals that were begun anywhere and not ended, one after the other. One that fails keeps no other from being ended. */
export async function resumeRemovals(context: Removing, { isClosed, failed }: Resuming): Promise<void> {
  let ids = await context.credentials.retired(PAGE);
  while (ids.length > 0) {
    await context.database.refresh();
    for (const id of ids) {
      if (isClosed()) return;
      await removeAccount(context, id).catch((error: unknown) => failed(id, error));
    }
    ids = await context.credentials.retired(PAGE, ids.at(-1));
  }
}

function hide({ accountHooks, database }: Removing, id: string): Promise<void> {
  return untilUndisturbed(async () => {
    const removals = accountHooks.flatMap((hook) => hook.onDelete?.(id) ?? []);
    const steps = removals.flatMap((removal) => removal.steps);
    const expected = removals.flatMap((removal) => removal.expected ?? []);
    const preconditions = expected.map(({ path, value }) => ({ path, hash: hashNode(nodeFromJson(value)) }));
    await database.write({ principal: ADMIN, steps, preconditions });
  });
}
