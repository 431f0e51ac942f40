import { describe, expect, it } from 'vitest';
import { distanceKm, roundedDistance } from './distance.js';
import { type Coordinates, encodeGeohash, geohashLength } from './geohash.js';
import { type LocationSearch, type SearchPosition, searchLocations } from './location-search.js';

interface Place extends Coordinates {
  readonly id: string;
}

/** Places around a point, the same in each run. */
function placesAround(centre: Coordinates, count: number): Place[] {
  return Array.from({ length: count }, (_, index) => {
    const [a, b] = [((index * 7919) % 1009) / 1009 - 0.5, ((index * 104_729) % 997) / 997 - 0.5];
    return { id: `p${index}`, latitude: centre.latitude + a * 0.4, longitude: centre.longitude + b * 0.4 };
  });
}

/** All pages of a search, by the ids of what they have. */
async function pagesOf(
  places: readonly Place[],
  wish: Omit<LocationSearch, 'after' | 'accepts' | 'placeOf'>,
): Promise<string[][]> {
  const length = geohashLength(wish.minDistance);
  const cells = new Map<string, Place[]>();
  for (const place of places) {
    const cell = encodeGeohash(place, length);
    cells.set(cell, [...(cells.get(cell) ?? []), place]);
  }
  const placeOf = (id: string): Coordinates | null => places.find((place) => place.id === id) ?? null;
  const pages: string[][] = [];
  let after: SearchPosition | null = null;
  do {
    const search: LocationSearch = { ...wish, after, placeOf, accepts: () => true };
    const { found, next } = await searchLocations(search, async (cell) =>
      (cells.get(cell) ?? []).map((place) => ({ ...place })),
    );
    pages.push(found.map(({ id }) => id));
    after = next;
  } while (after !== null && pages.length < 1000);
  return pages;
}

describe('a search by cells', () => {
  it.each([
    [{ latitude: 37.7, longitude: -122.4 }, 10, 1],
    [{ latitude: 37.7, longitude: -122.4 }, 10, 5],
    [{ latitude: -33.9, longitude: 18.4 }, 15, 0.5],
    [{ latitude: 52.5, longitude: 179.95 }, 6, 1],
    [{ latitude: 0.01, longitude: 0.01 }, 8, 2],
  ])(
    'around %o finds all within %d km, nearest first over all pages (cells for %d km)',
    async (centre, distance, minDistance) => {
      const places = placesAround(centre, 300).map((place) => ({
        ...place,
        longitude: ((place.longitude + 540) % 360) - 180,
      }));
      const expected = places
        .map((place) => ({ id: place.id, exact: distanceKm(centre, place) }))
        .filter(({ exact }) => roundedDistance(exact, minDistance) <= distance)
        .sort((a, b) => a.exact - b.exact || (a.id < b.id ? -1 : 1))
        .map(({ id }) => id);
      expect(expected.length).toBeGreaterThan(20);
      const pages = await pagesOf(places, { centre, distance, minDistance, count: 7 });
      expect(pages.flat()).toEqual(expected);
      expect(pages.every((page) => page.length <= 7)).toBe(true);
      expect(pages.length).toBe(Math.ceil(expected.length / 7));
    },
  );

  it('goes on where it was, though who was told last has gone or moved, and leaves nobody out', async () => {
    const centre = { latitude: 1, longitude: 1 };
    const wish = { centre, distance: 20, minDistance: 1, count: 10, accepts: () => true };
    const places = placesAround(centre, 100);
    const readCell = async (cell: string) =>
      places.filter((place) => encodeGeohash(place, geohashLength(1)) === cell).map((place) => ({ ...place }));
    const first = await searchLocations({ ...wish, after: null, placeOf: () => null }, readCell);
    const all = await searchLocations({ ...wish, count: 100, after: null, placeOf: () => null }, readCell);
    const others = all.found.slice(10).map(({ id }) => id);
    for (const place of [null, centre, { latitude: 1.17, longitude: 1 }]) {
      const after = first.next;
      const second = await searchLocations({ ...wish, count: 100, after, placeOf: () => place }, readCell);
      const told = second.found.map(({ id }) => id);
      expect(told).toEqual(expect.arrayContaining(others));
      expect(second.found.every(({ distance }) => distance >= after!.distance)).toBe(true);
    }
  });

  it('gives no more away about a place than the answer does', async () => {
    const centre = { latitude: 1, longitude: 1 };
    const places = placesAround(centre, 100);
    const read = async () => places.map((place) => ({ ...place }));
    const { found, next } = await searchLocations(
      { centre, distance: 20, minDistance: 1, count: 3, after: null, placeOf: () => null, accepts: () => true },
      read,
    );
    const last = found.at(-1)!;
    expect(next).toEqual({ ring: expect.any(Number), distance: last.distance, id: last.id });
    expect(Number.isInteger(last.distance)).toBe(true);
  });

  it('tells those at one place once, in the order of their ids', async () => {
    const centre = { latitude: 1, longitude: 1 };
    const places = Array.from({ length: 25 }, (_, index) => ({ id: `p${String(index).padStart(2, '0')}`, ...centre }));
    const pages = await pagesOf(places, { centre, distance: 1, minDistance: 1, count: 10 });
    expect(pages.flat()).toEqual(places.map(({ id }) => id));
  });
});
