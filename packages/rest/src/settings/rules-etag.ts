import type { RulesStore } from '@backside/api';
import { BacksideError } from '@backside/protocol';

/** The entity tag of the rules in force. */
export function etagOf(store: RulesStore): string {
  return formatEtag(store.version?.version ?? 0);
}

export function formatEtag(version: number): string {
  return `"v${version}"`;
}

/**
 * The version that `If-Match` asks for; undefined if any will do. Throws `precondition-failed` for what is no tag of rules: it
 * cannot match.
 */
export function expectedVersion(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const version = /^\s*"v(0|[1-9]\d{0,14})"\s*$/.exec(ifMatch)?.[1];
  if (version === undefined) throw new BacksideError('precondition-failed', 'no version of the rules has such a tag');
  return Number(version);
}

/** Whether `If-None-Match` names the tag. */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(etag) || tags.includes('*');
}
