import type { PrivateTree } from '@backside/auth';
import { BacksideError } from '@backside/protocol';

/** A way to a private tree that can be cut: nothing is written any more, as if the process had died. */
export function severableTree(whole: PrivateTree): { tree: PrivateTree; cut: () => void } {
  let isCut = false;
  const reached = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isCut) throw new BacksideError('unavailable');
    return work();
  };
  return {
    tree: {
      read: (path) => whole.read(path),
      keys: (path, range) => whole.keys(path, range),
      watch: (path, changed) => whole.watch(path, changed),
      update: (...change) => reached(() => whole.update(...change)),
      refresh: () => reached(() => whole.refresh()),
    },
    cut: () => {
      isCut = true;
    },
  };
}
