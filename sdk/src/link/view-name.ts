/**
 * A short name for a view, the same in every client: the server encodes an event once for all who use the same name. FNV-1a over
 * the UTF-16 units; two views may share a name.
 */
export function viewName(view: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < view.length; at++) hash = Math.imul(hash ^ view.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(36);
}
