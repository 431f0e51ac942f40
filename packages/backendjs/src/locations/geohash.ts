/** Geohash cells: strings of base 32 whose bits halve the world in turn, longitude first. */
const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';
const BITS_PER_CHARACTER = 5;
/** A full-length hash; stored ones are cut to `geohashLength`. */
const FULL_LENGTH = 8;

/** The size in kilometres that a cell of so many characters counts as. */
const CELL_SIZES_KM: ReadonlyMap<number, number> = new Map([
  [8, 0.019],
  [7, 0.076],
  [6, 0.61],
  [5, 2.4],
  [4, 20],
  [3, 78],
  [2, 630],
  [1, 2500],
]);

export interface Coordinates {
  /** Degrees, -90 to 90. */
  readonly latitude: number;
  /** Degrees, -180 to 180. */
  readonly longitude: number;
}

/** Degrees; a cell holds its south and west edges. */
export interface CellBounds {
  readonly south: number;
  readonly west: number;
  readonly north: number;
  readonly east: number;
}

/** A place of the grid that cells of one length make: columns count eastward, rows northward. */
interface GridPlace {
  readonly column: number;
  readonly row: number;
}

export function isCoordinates({ latitude, longitude }: Coordinates): boolean {
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
}

/** The number of characters of the smallest cell that counts as larger than `minDistanceKm`. */
export function geohashLength(minDistanceKm: number): number {
  for (const [length, size] of CELL_SIZES_KM) if (size > minDistanceKm) return length;
  return 1;
}

/** The size in kilometres that a cell of `length` characters counts as. */
export function cellSizeKm(length: number): number {
  return CELL_SIZES_KM.get(length) ?? CELL_SIZES_KM.get(1)!;
}

/** The cell of `length` characters that holds the point; the poles and the antimeridian fall into the last row and column. */
export function encodeGeohash({ latitude, longitude }: Coordinates, length: number = FULL_LENGTH): string {
  const { columns, rows } = gridOf(length);
  const column = Math.min(columns - 1, Math.floor(((longitude + 180) / 360) * columns));
  const row = Math.min(rows - 1, Math.floor(((latitude + 90) / 180) * rows));
  return formatCell({ column, row }, length);
}

/** The edges of a cell; null unless `geohash` is one. */
export function geohashBounds(geohash: string): CellBounds | null {
  const place = placeOf(geohash);
  if (place === null) return null;
  const { columns, rows } = gridOf(geohash.length);
  const height = 180 / rows;
  const width = 360 / columns;
  const south = place.row * height - 90;
  const west = place.column * width - 180;
  return { south, west, north: south + height, east: west + width };
}

/** The cell `columns` to the east and `rows` to the north; around the world eastward, null beyond a pole. */
export function neighbourOf(geohash: string, columns: number, rows: number): string | null {
  const place = placeOf(geohash);
  if (place === null) return null;
  const grid = gridOf(geohash.length);
  const row = place.row + rows;
  if (row < 0 || row >= grid.rows) return null;
  return formatCell({ column: modulo(place.column + columns, grid.columns), row }, geohash.length);
}

/**
 * The cells of the square of `rings` rings around a cell, without it, in the order in which the legacy search visits them: the
 * middle column first, then the columns to the west and east of it, outward in turn; in each column its middle, then north and south
 * of it, outward in turn. A cell that the square reaches twice, around the world, comes once.
 */
export function neighboursOf(geohash: string, rings: number): string[] {
  const cells = new Set(Array.from(square(geohash, rings), ({ cell }) => cell));
  cells.delete(geohash);
  return [...cells];
}

/** The same cells ring by ring, from the cell itself; a cell that is reached twice is in the inner ring. */
export function ringsOf(geohash: string, rings: number): string[][] {
  const lists: string[][] = Array.from({ length: rings + 1 }, () => []);
  for (const { cell, ring } of square(geohash, rings)) lists[ring]!.push(cell);
  const seen = new Set<string>();
  return lists.map((cells) => cells.filter((cell) => !seen.has(cell) && seen.add(cell)));
}

function* square(geohash: string, rings: number): Generator<{ readonly cell: string; readonly ring: number }> {
  const steps = outward(rings);
  for (const column of steps) {
    for (const row of steps) {
      const cell = neighbourOf(geohash, -column, row);
      if (cell !== null) yield { cell, ring: Math.max(Math.abs(column), Math.abs(row)) };
    }
  }
}

/** 0, 1, -1, 2, -2 … up to `rings`. */
function outward(rings: number): number[] {
  const steps = [0];
  for (let ring = 1; ring <= rings; ring++) steps.push(ring, -ring);
  return steps;
}

function gridOf(length: number): { readonly columns: number; readonly rows: number } {
  const bits = length * BITS_PER_CHARACTER;
  return { columns: 2 ** Math.ceil(bits / 2), rows: 2 ** Math.floor(bits / 2) };
}

function formatCell({ column, row }: GridPlace, length: number): string {
  const bits = length * BITS_PER_CHARACTER;
  let columnBits = Math.ceil(bits / 2);
  let rowBits = Math.floor(bits / 2);
  let text = '';
  for (let bit = 0, index = 0; bit < bits; bit++) {
    const taken = bit % 2 === 0 ? bitOf(column, --columnBits) : bitOf(row, --rowBits);
    index = index * 2 + taken;
    if (bit % BITS_PER_CHARACTER === BITS_PER_CHARACTER - 1) {
      text += ALPHABET[index];
      index = 0;
    }
  }
  return text;
}

function placeOf(geohash: string): GridPlace | null {
  if (geohash.length === 0 || geohash.length > FULL_LENGTH) return null;
  let column = 0;
  let row = 0;
  let bit = 0;
  for (const character of geohash) {
    const index = ALPHABET.indexOf(character);
    if (index < 0) return null;
    for (let place = BITS_PER_CHARACTER - 1; place >= 0; place--, bit++) {
      if (bit % 2 === 0) column = column * 2 + bitOf(index, place);
      else row = row * 2 + bitOf(index, place);
    }
  }
  return { column, row };
}

/** Columns and rows take at most 20 bits. */
function bitOf(value: number, place: number): number {
  return (value >> place) & 1;
}

function modulo(value: number, size: number): number {
  return ((value % size) + size) % size;
}
