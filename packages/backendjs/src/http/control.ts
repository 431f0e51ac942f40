import { toBool, toList, toText } from './coercion.js';
import { Params } from './params.js';

const DEFAULT_COUNT = 32;
export const MAX_COUNT = 999;

/**
 * The control parameters of a request: those of section 1.1 whose names begin with an underscore. Names that are not here are
 * dropped; none of them ever reaches a row.
 */
export interface Control {
  /** Rows of a page, 0 to 999. */
  readonly count: number;
  /** From 1; 0 if not said. */
  readonly page: number;
  /** A `next_token` of a select, as given; see `NextTokens`. */
  readonly start: string;
  /** A `next_token` of a location search. */
  readonly token: string;
  /** Columns to return; empty means all. */
  readonly select: readonly string[];
  /** Column to operator, in lower case. */
  readonly ops: ReadonlyMap<string, string>;
  readonly sort: string;
  readonly desc: boolean;
  readonly total: boolean;
  readonly format: 'json' | 'csv' | 'xml';
  readonly separator: string;
  readonly encoding: string;
  /** True to set the cookie, false to clear it, null if not said. */
  readonly session: boolean | null;
  /** True to issue a token, false to drop it, null if not said. */
  readonly accessToken: boolean | null;
  readonly ext: string;
  readonly tm: boolean;
  readonly connected: boolean;
  readonly archive: boolean;
  readonly trash: boolean;
  readonly noSent: boolean;
  /** Whether events are told; `_publish=0` opts out. */
  readonly publish: boolean;
  readonly noCounter: boolean;
  /** Negative sizes never enlarge; NaN if not given. */
  readonly width: number;
  readonly height: number;
  readonly rotate: number;
  readonly quality: number;
  readonly brightness: number;
  readonly contrast: number;
  readonly bgcolor: string;
  readonly name: string;
  readonly render: boolean;
  readonly raw: boolean;
  /** Raw rows in `/data`; admins only. */
  readonly noProcessRows: boolean;
  /** Echoed in the answer to a websocket request; empty if not given. */
  readonly id: string;
}

/** `isAdmin`: what ordinary clients may not ask for is then heard. */
export function parseControl(params: Params, isAdmin: boolean): Control {
  return params.hasControls ? parse(params, isAdmin) : NOTHING_SAID;
}

function parse(params: Params, isAdmin: boolean): Control {
  const bool = (name: string): boolean => params.bool(name);
  const text = (name: string): string => params.text(name).slice(0, 4096);
  const size = (name: string): number => params.number(name, Number.NaN);
  return {
    ...paging(params),
    ...form(params),
    session: maybe(params, '_session'),
    accessToken: maybe(params, '_accesstoken'),
    ext: text('_ext'),
    tm: bool('_tm'),
    connected: bool('_connected'),
    archive: bool('_archive'),
    trash: bool('_trash'),
    noSent: bool('_nosent'),
    publish: maybe(params, '_publish') ?? true,
    noCounter: bool('_nocounter'),
    width: size('_width'),
    height: size('_height'),
    rotate: size('_rotate'),
    quality: size('_quality'),
    brightness: size('_brightness'),
    contrast: size('_contrast'),
    bgcolor: text('_bgcolor'),
    name: text('_name'),
    render: bool('_render'),
    raw: bool('_raw'),
    noProcessRows: isAdmin && bool('_noprocessrows'),
    id: text('_id'),
  };
}

type Paging = 'count' | 'page' | 'start' | 'token' | 'select' | 'ops' | 'sort' | 'desc' | 'total';

function paging(params: Params): Pick<Control, Paging> {
  const count = Math.trunc(params.number('_count', DEFAULT_COUNT));
  return {
    count: Math.min(Math.max(count, 0), MAX_COUNT),
    page: Math.max(0, Math.trunc(Math.min(params.number('_page'), Number.MAX_SAFE_INTEGER))),
    start: params.text('_start'),
    token: params.text('_token'),
    select: params.list('_select'),
    ops: parseOps(params.get('_ops')),
    sort: params.text('_sort'),
    desc: params.bool('_desc'),
    total: params.bool('_total'),
  };
}

function form(params: Params): Pick<Control, 'format' | 'separator' | 'encoding'> {
  const format = params.text('_format').toLowerCase();
  return {
    format: format === 'csv' || format === 'xml' ? format : 'json',
    separator: params.text('_separator').slice(0, 1),
    encoding: params.text('_encoding').toLowerCase(),
  };
}

/** `column,op,column,op` or, in a JSON body, an object; what has no operator is left out. */
function parseOps(value: unknown): Map<string, string> {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    return new Map(Object.entries(value).map(([column, op]) => [column, toText(op).toLowerCase()]));
  }
  const items = toList(value);
  const ops = new Map<string, string>();
  for (let at = 0; at + 1 < items.length; at += 2) ops.set(items[at]!, items[at + 1]!.toLowerCase());
  return ops;
}

function maybe(params: Params, name: string): boolean | null {
  return params.has(name) ? toBool(params.get(name)) : null;
}

/** What most requests have. */
const NOTHING_SAID: Control = parse(new Params([]), false);
