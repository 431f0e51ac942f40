import type { ViewEvent } from '@backside/api';
import { HEADERS } from '@backside/protocol';
import { canWriteHeader, formatHeaders, type Version } from '@backside/stomp';
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

function format(event: ViewEvent, version: Version, epoch: string): string {
  const headers: Header[] = [['destination', formatPath(event.path)]];
  headers.push(event.headers.find(([name]) => name === 'content-type') ?? JSON_TYPE);
  headers.push([HEADERS.event, event.kind], [HEADERS.revision, String(event.revision)]);
  if (event.snapshot) headers.push([HEADERS.epoch, epoch]);
  if (event.resumed !== null) headers.push([HEADERS.resumed, String(event.resumed)]);
  if (event.warning !== null) headers.push([HEADERS.warning, event.warning]);
  if (event.staleMs !== null) headers.push([HEADERS.stale, String(event.staleMs)]);
  for (const header of event.headers) if (!OWN_HEADERS.has(header[0])) headers.push(header);
  return formatHeaders(writable(headers, version), version);
}

/** What a version cannot carry is left out: a missing application header does less harm than a broken frame. */
function writable(headers: readonly Header[], version: Version): readonly Header[] {
  const all = headers.every(([name, value]) => canWriteHeader(name, value, version));
  return all ? headers : headers.filter(([name, value]) => canWriteHeader(name, value, version));
}

/** The header lines of one value that the original Backside client gets. */
export function originalLines(path: string, version: Version): string {
  return formatHeaders([['destination', path], JSON_TYPE], version);
}
