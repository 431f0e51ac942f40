import type { Json } from '@backside/tree';
import type { LegacyCall } from '../endpoint.js';
import { LegacyAnswer } from '../http/answer.js';
import { LegacyError } from '../http/legacy-error.js';
import { conditionsOf, equals, passes } from '../rows/condition.js';
import { Rows } from '../rows/rows.js';
import type { Row } from '../rows/table.js';
import { ACCOUNTS, LOCATIONS } from '../rows/tables.js';
import { chosenColumns, type Viewer, visibleRow } from '../rows/visibility.js';
import { type Coordinates, isCoordinates } from './geohash.js';
import { type FoundRow, type SearchPosition, searchLocations, widestDistance } from './location-search.js';
import { requireCoordinates } from './place-parameters.js';

/** What `_count=0`, all of them, is at most; the token goes on. */
const MOST_ROWS = 5_000;
/** Columns of others' rows that the setting `location-coordinates` opens. */
const OPTIONALLY_PUB = ['latitude', 'longitude', 'mtime'] as const;
const NOT_FILTERS: ReadonlySet<string> = new Set(['latitude', 'longitude', 'distance']);

/** Who is around a place, nearest first, without the caller: the rows of their locations, with the names that they have now. */
export async function getLocations(call: LegacyCall): Promise<LegacyAnswer> {
  const isOpen = call.context.settings.locationCoordinates;
  return answer(call, ({ row, distance }, account, viewer) => ({
    ...shownRow({ ...row, name: account.name ?? null }, viewer, isOpen),
    distance,
  }));
}

/** The same as rows of their accounts. */
export async function getAccountsAround(call: LegacyCall): Promise<LegacyAnswer> {
  return answer(call, ({ distance }, account, viewer) => ({ ...visibleRow(ACCOUNTS, account, viewer), distance }));
}

type RowOf = (found: FoundRow, account: Row, viewer: Viewer) => Row;

async function answer(call: LegacyCall, rowOf: RowOf): Promise<LegacyAnswer> {
  const { id, isAdmin, credential } = call.requireAccount();
  const viewer = { id, isAdmin };
  const { context, control } = call;
  const area = areaOf(call, readToken(context.nextTokens.decode(control.token, credential)));
  const accepts = filterOf(call, viewer);
  const rows = new Rows(context.database, context.tree);
  const { found, next } = await searchLocations(
    {
      ...area,
      minDistance: context.settings.minDistance,
      count: control.count || MOST_ROWS,
      placeOf: (id) => placeOf(rows, id),
      accepts,
    },
    (geohash) => rows.all(LOCATIONS, [equals(LOCATIONS, 'geohash', geohash)]),
  );
  const answered = found.flatMap((one): Row[] => {
    const account = rows.get(ACCOUNTS, { id: one.id });
    return account === null ? [] : [rowOf(one, account, viewer)]; // one that was deleted meanwhile is found no more
  });
  if (control.total) return LegacyAnswer.json({ count: answered.length });
  return LegacyAnswer.rows(
    answered.map((row) => chosenColumns(row, control.select)),
    next === null ? null : tokenOf(area, next),
  );
}

/** The same numbers that the row of a location has. */
function placeOf(rows: Rows, id: string): Coordinates | null {
  if (id === '') return null;
  const { latitude, longitude } = rows.get(ACCOUNTS, { id }) ?? {};
  return typeof latitude === 'number' && typeof longitude === 'number' ? { latitude, longitude } : null;
}

interface Area {
  readonly centre: Coordinates;
  /** Kilometres. */
  readonly distance: number;
  readonly after: SearchPosition | null;
}

function areaOf({ params, context }: LegacyCall, continued: Area | null): Area {
  const centre = requireCoordinates(params);
  const { minDistance, maxDistance } = context.settings;
  const widest = Math.min(maxDistance, widestDistance(minDistance));
  const asked = continued?.distance ?? Math.round(params.number('distance', minDistance));
  const distance = Math.min(Math.max(asked, minDistance), widest);
  return { centre, after: null, ...continued, distance };
}

/** Other parameters filter; the caller is not around itself. Throws 400 where a filter would tell what the caller may not see. */
function filterOf({ params, control }: LegacyCall, viewer: Viewer): (row: Row) => boolean {
  const columns = [...params.columns()].filter(([column]) => !NOT_FILTERS.has(column));
  const ops = [...control.ops].filter(([column]) => !NOT_FILTERS.has(column));
  const conditions = conditionsOf(LOCATIONS, new Map(columns), new Map(ops));
  for (const { column } of conditions) {
    const known = LOCATIONS.columns.get(column);
    if (known === undefined || known.pub || viewer.isAdmin) continue;
    throw new LegacyError(400, `locations cannot be searched by ${column}`);
  }
  return (row) => row.id !== viewer.id && passes(row, conditions);
}

/** What others see of a row of `row`'s account: where it is only if the operator says so. */
function shownRow(row: Row, viewer: Viewer, isOpen: boolean): Row {
  const shown = visibleRow(LOCATIONS, row, viewer);
  if (isOpen) for (const column of OPTIONALLY_PUB) if (row[column] !== undefined) shown[column] = row[column];
  return shown;
}

function tokenOf({ centre, distance }: Area, { ring, distance: last, id }: SearchPosition): Json {
  return [centre.latitude, centre.longitude, distance, ring, last, id];
}

/** A token that came from outside; null unless it could be one of ours. */
function readToken(token: Json): Area | null {
  if (!Array.isArray(token) || token.length !== 6) return null;
  const id = token.pop();
  if (typeof id !== 'string' || !token.every((part): part is number => typeof part === 'number')) return null;
  const [latitude, longitude, distance, ring, last] = token as [number, number, number, number, number];
  const centre = { latitude, longitude };
  if (!isCoordinates(centre) || !Number.isInteger(ring) || ring < 0) return null;
  return { centre, distance, after: { ring, distance: last, id } };
}
