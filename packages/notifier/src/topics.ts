import { createHash } from 'node:crypto';
import { BacksideError } from '@backside/protocol';

/** Letters that no broker gives a meaning to, in a length that fits everywhere. */
const PLAIN = /^[A-Za-z0-9_-]{1,100}$/;
const PREFIX = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * A word that stands for a name of any form, wherever a broker wants one: no dots, spaces or wildcards, at most 102 bytes. Different
 * names have different words: a plain name is readable in its word, any other is hashed.
 */
export function wordOf(name: string): string {
  if (PLAIN.test(name)) return `n-${name}`;
  // A lone surrogate has no UTF-8 of its own, so the code units are hashed.
  return `h-${createHash('sha256').update(name, 'utf16le').digest('base64url')}`;
}

/** The topic on which the commits of a database are told. Two words, joined by a dot. */
export function topicOf(prefix: string, database: string): string {
  return `${prefix}.${wordOf(database)}`;
}

/** The topic on which every node is told that it may have missed something of any database. */
export function broadcastTopicOf(prefix: string): string {
  return `${prefix}.all`;
}

/** Throws `invalid-data` unless the prefix means the same to every broker. */
export function assertPrefix(prefix: string): void {
  if (!PREFIX.test(prefix)) {
    throw new BacksideError(
      'invalid-data',
      'the prefix of a notifier is 1 to 64 letters, digits, hyphens and underscores',
    );
  }
}
