import type { ViewEvent } from '@backside/api';
import { HEADERS } from '@backside/protocol';
import { formatHeaders, formatWritableHeaders, type Version } from '@backside/stomp';
import { formatPath } from '@backside/tree';

type Header = readonly [name: string, value: string];

/** Names that the server sets itself on a MESSAGE, so that no writer's header can stand in for them. */
const OWN_HEADERS: ReadonlySet<string> = new Set<string>([
  ...Object.values(HEADERS),
  'subscription',
  'message-id',
  'ack',
  'destination',
  'content-length',
  'content-type',
]);
const JSON_TYPE: Header = ['content-type', 'application/json'];
const JSON_LINE = 'content-type:application/json\n';

interface Remembered {
  readonly event: ViewEvent;
  readonly epoch: string;
  readonly lines: string;
}

/**
 * The header lines that an event has for every subscriber. Those of the latest event are remembered for each version, so
 * that subscribers who need octets of their own, for their subscription ids differ, cost little more than their ids.
 */
export class EventLines {
  readonly #latest = new Map<Version, Remembered>();

  of(event: ViewEvent, version: Version, epoch: string): string {
    const latest = this.#latest.get(version);
    if (latest !== undefined && latest.event === event && latest.epoch === epoch) return latest.lines;
    const lines = format(event, version, epoch);
    this.#latest.set(version, { event, epoch, lines });
    return lines;
  }
}

/** What a version cannot carry is left out: a missing application header does less harm than a broken frame. */
function format(event: ViewEvent, version: Version, epoch: string): string {
  const { headers } = event;
  let lines = formatWritableHeaders([['destination', formatPath(event.path)]], version);
  lines += headers.length === 0 ? JSON_LINE : formatWritableHeaders([contentTypeOf(headers)], version);
  lines += `${HEADERS.event}:${event.kind}\n${HEADERS.revision}:${event.revision}\n`;
  if (event.snapshot) lines += formatWritableHeaders([[HEADERS.epoch, epoch]], version);
  if (event.resumed !== null) lines += `${HEADERS.resumed}:${event.resumed}\n`;
  if (event.warning !== null) lines += formatWritableHeaders([[HEADERS.warning, event.warning]], version);
  if (event.staleMs !== null) lines += `${HEADERS.stale}:${event.staleMs}\n`;
  if (headers.length > 0) lines += formatWritableHeaders(headers.filter(isForReaders), version);
  return lines;
}

function contentTypeOf(headers: readonly Header[]): Header {
  return headers.find(([name]) => name === 'content-type') ?? JSON_TYPE;
}

function isForReaders([name]: Header): boolean {
  return !OWN_HEADERS.has(name);
}

/** The header lines of one value that the original Backside client gets. */
export function originalLines(path: string, version: Version): string {
  return formatHeaders([['destination', path], JSON_TYPE], version);
}
