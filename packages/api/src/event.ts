import { encodeUtf8 } from '@backside/protocol';
import { type Change, encodeNode, type Format, isPriorityPath, type Path } from '@backside/tree';
import type { Encoder, ViewEvent } from './listener.js';

const NO_HEADERS: ViewEvent['headers'] = [];

/** Makes the body as JSON text or bytes; called once per format. */
type Encode = (format: Format) => string | Uint8Array;

/** Where an event comes from. */
export interface EventSource {
  readonly revision: number;
  readonly id: string;
  readonly snapshot?: boolean;
  readonly headers?: ViewEvent['headers'] | undefined;
  readonly resumed?: boolean | null;
  readonly warning?: string | null;
  readonly staleMs?: number | null;
}

/** An event whose body is encoded when it is first asked for, and once per format. */
class EncodedOnceEvent implements ViewEvent {
  readonly kind: 'put' | 'patch';
  readonly path: Path;
  readonly revision: number;
  readonly id: string;
  readonly snapshot: boolean;
  readonly headers: ViewEvent['headers'];
  readonly resumed: boolean | null;
  readonly warning: string | null;
  readonly staleMs: number | null;
  readonly prioritiesOnly: boolean;
  readonly #encode: Encode;
  #val: Uint8Array | undefined;
  #export: Uint8Array | undefined;

  constructor(
    what: Pick<ViewEvent, 'kind' | 'path'> & Partial<Pick<ViewEvent, 'prioritiesOnly'>>,
    source: EventSource,
    encode: Encode,
  ) {
    this.kind = what.kind;
    this.path = what.path;
    this.prioritiesOnly = what.prioritiesOnly ?? false;
    this.revision = source.revision;
    this.id = source.id;
    this.snapshot = source.snapshot ?? false;
    this.headers = source.headers ?? NO_HEADERS;
    this.resumed = source.resumed ?? null;
    this.warning = source.warning ?? null;
    this.staleMs = source.staleMs ?? null;
    this.#encode = encode;
  }

  body(format: Format): Uint8Array {
    if (format === 'val') {
      this.#val ??= toBytes(this.#encode(format));
      return this.#val;
    }
    this.#export ??= toBytes(this.#encode(format));
    return this.#export;
  }
}

function toBytes(body: string | Uint8Array): Uint8Array {
  return typeof body === 'string' ? encodeUtf8(body) : body;
}

/** The whole state of a view: the first event, and what replaces events that a slow subscriber missed. */
export function snapshotEvent(
  path: Path,
  revision: number,
  parts: Pick<EventSource, 'resumed' | 'warning' | 'staleMs'> & { readonly encode: Encode },
): ViewEvent {
  const source = { ...parts, revision, id: `${revision}-s`, snapshot: true };
  return new EncodedOnceEvent({ kind: 'put', path }, source, parts.encode);
}

/** Several relative paths of one view at once, as one event: a window that moved, or what a paused subscriber missed. */
export function patchEvent(path: Path, changes: readonly Change[], source: EventSource): ViewEvent {
  const prioritiesOnly = changes.length > 0 && changes.every(isOfPriority);
  return new EncodedOnceEvent({ kind: 'patch', path, prioritiesOnly }, source, (format) =>
    encodePatch(path, changes, format),
  );
}

export function putEvent(change: Change, source: EventSource): ViewEvent {
  const { path, value } = change;
  return new EncodedOnceEvent({ kind: 'put', path, prioritiesOnly: isOfPriority(change) }, source, (format) =>
    encodeNode(value, format),
  );
}

function isOfPriority({ path }: Change): boolean {
  return isPriorityPath(path);
}

/** Whether there is something to see in the event for those who get it by this encoder. */
export function isSeenBy({ format }: Encoder<unknown>, { prioritiesOnly }: ViewEvent): boolean {
  return format === 'export' || !prioritiesOnly;
}

function encodePatch(base: Path, changes: readonly Change[], format: Format): string {
  const seen = format === 'export' ? changes : changes.filter((change) => !isOfPriority(change));
  const members = seen.map(
    ({ path, value }) => `${JSON.stringify(path.slice(base.length).join('/'))}:${encodeNode(value, format)}`,
  );
  return `{${members.join(',')}}`;
}
