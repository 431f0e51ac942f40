import type { ServerConfig } from './server-options.js';

export type OptionName = keyof ServerConfig & string;

/** What is put in force while a server runs. The settings in the file of `backendjsSettings` are as well. */
const LIVE: ReadonlySet<OptionName> = new Set<OptionName>(['logLevel', 'maxUploadBytes', 'backendjsSettings']);

/** What processes share, or the primary has opened itself: workers that are replaced cannot take these on. */
const FIXED: ReadonlySet<OptionName> = new Set<OptionName>([
  'databases',
  'workers',
  'host',
  'port',
  'tcpPort',
  'data',
  'indexes',
  'store',
  'storeUrl',
  'storeNamespace',
  'notifier',
  'notifierUrl',
  'notifierPrefix',
  'nodeId',
  'journalSegmentSize',
  'journalRetentionAge',
  'journalRetentionSize',
  'checkpointSize',
  'checkpointDelay',
  'journalPatience',
  'storePatience',
  'projector',
]);

/**
 * What a changed option needs: SIGHUP, which all processes obey at once; SIGUSR2, which replaces the workers (a server of one process has to
 * be restarted); or that the whole server be restarted.
 */
export function takesForce(name: OptionName): 'SIGHUP' | 'SIGUSR2' | 'restart' {
  if (LIVE.has(name)) return 'SIGHUP';
  return FIXED.has(name) ? 'restart' : 'SIGUSR2';
}
