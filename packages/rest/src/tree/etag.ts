import { BacksideError } from '@backside/protocol';
import { hashNode, type Node } from '@backside/tree';
import type { TreeCall } from './call.js';

const NULL_ETAG = 'null_etag';

/** The ETag of a node: equal for equal nodes. */
export function etagOf(node: Node): string {
  return node === null ? NULL_ETAG : hashNode(node);
}

/** Whether the client asks for the ETag. */
export function wantsEtag({ request }: Pick<TreeCall, 'request'>): boolean {
  return request.headers['x-firebase-etag'] === 'true';
}

/** The hash of the node that the write is for, by `If-Match`; undefined without one. Throws `invalid-header`. */
export function hashToMatch({ request }: Pick<TreeCall, 'request'>): string | undefined {
  const etags = etagsOf(request.headers['if-match']);
  if (etags.length > 1 || etags[0] === '*') {
    throw new BacksideError('invalid-header', 'if-match must be one ETag');
  }
  return etags[0] === NULL_ETAG ? '' : etags[0];
}

/** Whether `If-None-Match` names the ETag. */
export function isKnown({ request }: Pick<TreeCall, 'request'>, etag: string): boolean {
  return etagsOf(request.headers['if-none-match']).some((known) => known === etag || known === '*');
}

/** Without the quotes and the mark of weakness that other clients than Firebase's put around. */
function etagsOf(header: string | undefined): string[] {
  if (header === undefined) return [];
  return header.split(',').map((etag) => etag.trim().replace(/^(?:W\/)?"(.*)"$/, '$1'));
}
