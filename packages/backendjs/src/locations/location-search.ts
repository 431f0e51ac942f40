import { setImmediate } from 'node:timers/promises';
import type { Row } from '../rows/table.js';
import { distanceKm, distanceToEdgeKm, roundedDistance } from './distance.js';
import {
  type CellBounds,
  type Coordinates,
  cellSizeKm,
  encodeGeohash,
  geohashBounds,
  geohashLength,
  ringsOf,
} from './geohash.js';

/** Further rings are not searched, however small the cells are. */
const MAX_RINGS = 64;
/** After so many cells and rows a search lets others have their turn. */
const READ_PER_TURN = 500;

export interface LocationSearch {
  readonly centre: Coordinates;
  /** Kilometres. */
  readonly distance: number;
  /** Kilometres; decides the size of cells and the steps of distances. */
  readonly minDistance: number;
  /** Rows of a page. */
  readonly count: number;
  /** Continues after a page; null begins. */
  readonly after: SearchPosition | null;
  /** Where an account is now; null where that is not known. */
  readonly placeOf: (id: string) => Coordinates | null;
  /** Whether a row belongs to what is searched for. */
  readonly accepts: (row: Row) => boolean;
}

/** How far a search has come. Clients get to see it: it says no more of where somebody is than the answer did. */
export interface SearchPosition {
  /** The innermost ring that may hold what has not been told yet. */
  readonly ring: number;
  /** Of the last row that was told, as it was told: in the steps of the search. */
  readonly distance: number;
  /** Its account. */
  readonly id: string;
}

export interface FoundRow {
  readonly id: string;
  readonly row: Row;
  /** In the steps of the search. */
  readonly distance: number;
}

export interface SearchPage {
  /** Nearest first. */
  readonly found: readonly FoundRow[];
  /** Null when nothing is left. */
  readonly next: SearchPosition | null;
}

/** All rows of one cell. */
export type CellReader = (geohash: string) => Promise<readonly Row[]>;

/** The last row that was told, and how far away it is exactly. */
interface Told {
  readonly exact: number;
  readonly id: string;
}

interface Candidate extends FoundRow {
  readonly exact: number;
  readonly ring: number;
}

/**
 * The next page of the accounts around a point, nearest first over all pages. Cells are read ring by ring; a row is told once no
 * unread ring can hold a nearer one.
 */
export async function searchLocations(search: LocationSearch, readCell: CellReader): Promise<SearchPage> {
  const { centre, count, after } = search;
  const { rings, edges } = planOf(search);
  let waiting: Candidate[] = [];
  const found: Candidate[] = [];
  const turn = { read: 0 };
  const told = lastTold(search);
  for (let ring = after?.ring ?? 0; ring < rings.length; ring++) {
    waiting.push(...(await readRing({ search, told, readCell, cells: rings[ring]!, ring, turn })));
    waiting.sort(byDistance);
    const reach = ring === rings.length - 1 ? Number.POSITIVE_INFINITY : distanceToEdgeKm(centre, edges[ring]!);
    const ready = waiting.filter(({ exact }) => exact <= reach).slice(0, count - found.length);
    found.push(...ready);
    waiting = waiting.slice(ready.length);
    if (found.length === count)
      return { found, next: positionAfter(found, waiting, ring + 1 < rings.length ? ring + 1 : null) };
  }
  return { found, next: null };
}

/** The widest search whose cells are few enough to be looked at. */
export function widestDistance(minDistance: number): number {
  return cellSizeKm(geohashLength(minDistance)) * MAX_RINGS;
}

function planOf({ centre, distance, minDistance }: LocationSearch): { rings: string[][]; edges: CellBounds[] } {
  const length = geohashLength(minDistance);
  const cell = encodeGeohash(centre, length);
  const count = Math.min(MAX_RINGS, Math.ceil(distance / cellSizeKm(length)));
  const rings = ringsOf(cell, count);
  const bounds = geohashBounds(cell)!;
  return { rings, edges: rings.map((_, ring) => grown(bounds, ring)) };
}

function grown({ south, west, north, east }: CellBounds, ring: number): CellBounds {
  const height = (north - south) * ring;
  const width = (east - west) * ring;
  return { south: south - height, west: west - width, north: north + height, east: east + width };
}

async function readRing(reading: {
  readonly search: LocationSearch;
  readonly told: Told | null;
  readonly readCell: CellReader;
  readonly cells: readonly string[];
  readonly ring: number;
  /** What was read since others had their turn. */
  readonly turn: { read: number };
}): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  const { turn } = reading;
  for (const cell of reading.cells) {
    const read = await reading.readCell(cell);
    for (const row of read) {
      const candidate = candidateOf(row, reading);
      if (candidate !== null) candidates.push(candidate);
    }
    turn.read += read.length + 1;
    if (turn.read > READ_PER_TURN) {
      turn.read = 0;
      await setImmediate();
    }
  }
  return candidates;
}

function candidateOf(
  row: Row,
  { search, told, ring }: { readonly search: LocationSearch; readonly told: Told | null; readonly ring: number },
): Candidate | null {
  const { latitude, longitude, id } = row;
  if (typeof latitude !== 'number' || typeof longitude !== 'number' || typeof id !== 'string') return null;
  const exact = distanceKm(search.centre, { latitude, longitude });
  const distance = roundedDistance(exact, search.minDistance);
  const candidate = { id, row, distance, exact, ring };
  if (distance > search.distance || !isAfter(candidate, told)) return null;
  return search.accepts(row) ? candidate : null;
}

/**
 * Its distance is measured again, so that no client has to keep it. Who has moved into another step meanwhile, or is nowhere, does not
 * count: then everybody of the step is told again, rather than somebody never.
 */
function lastTold({ centre, minDistance, after, placeOf }: LocationSearch): Told | null {
  if (after === null) return null;
  const place = placeOf(after.id);
  const exact = place === null ? null : distanceKm(centre, place);
  const hasStayed = exact !== null && roundedDistance(exact, minDistance) === after.distance;
  return hasStayed ? { exact, id: after.id } : { exact: after.distance, id: '' };
}

function isAfter({ exact, id }: Candidate, told: Told | null): boolean {
  return told === null || exact > told.exact || (exact === told.exact && id > told.id);
}

function positionAfter(
  found: readonly Candidate[],
  waiting: readonly Candidate[],
  unread: number | null,
): SearchPosition | null {
  const last = found.at(-1);
  if (last === undefined || (waiting.length === 0 && unread === null)) return null;
  const ring = waiting.reduce(
    (lowest, candidate) => Math.min(lowest, candidate.ring),
    unread ?? Number.POSITIVE_INFINITY,
  );
  return { ring, distance: last.distance, id: last.id };
}

function byDistance(a: Candidate, b: Candidate): number {
  if (a.exact !== b.exact) return a.exact - b.exact;
  return a.id < b.id ? -1 : 1;
}
