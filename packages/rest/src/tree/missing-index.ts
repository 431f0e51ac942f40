import { BacksideError } from '@backside/protocol';
import { formatPath, type Path, type Query } from '@backside/tree';

/** Refuses a query that would have to read every child, naming the index that it needs. */
export function missingIndex(path: Path, { order }: Query): BacksideError {
  const index = order.by === 'child' ? order.path.join('/') : `.${order.by}`;
  const rule = `".indexOn": ${JSON.stringify(index)}, for path ${JSON.stringify(formatPath(path))}, to the rules`;
  return new BacksideError('no-index', `Index not defined, add ${rule}`);
}
