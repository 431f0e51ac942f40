import { describe, expect, it } from 'vitest';
import { distanceKm, roundedDistance } from './distance.js';
import { cellSizeKm, encodeGeohash, geohashBounds, geohashLength, neighbourOf, neighboursOf } from './geohash.js';

const SAN_FRANCISCO = { latitude: 37.7, longitude: -122.4 };

describe('a geohash', () => {
  it.each([
    [{ latitude: 57.64911, longitude: 10.40744 }, 'u4pruydq'],
    [{ latitude: 42.605, longitude: -5.603 }, 'ezs42s00'],
    [{ latitude: 0, longitude: 0 }, 's0000000'],
    [{ latitude: 90, longitude: 180 }, 'zzzzzzzz'],
    [{ latitude: -90, longitude: -180 }, '00000000'],
  ])('of %o is %s', (point, hash) => {
    expect(encodeGeohash(point)).toBe(hash);
    expect(encodeGeohash(point, 5)).toBe(hash.slice(0, 5));
  });

  it('has bounds that hold its points', () => {
    for (let index = 0; index < 500; index++) {
      const point = { latitude: ((index * 37) % 180) - 90, longitude: ((index * 71) % 360) - 180 };
      for (const length of [1, 4, 5, 8]) {
        const { south, west, north, east } = geohashBounds(encodeGeohash(point, length))!;
        expect(point.latitude).toBeGreaterThanOrEqual(south);
        expect(point.latitude).toBeLessThan(north);
        expect(point.longitude).toBeGreaterThanOrEqual(west);
        expect(point.longitude).toBeLessThan(east);
      }
    }
  });

  it.each(['', '9q8a', '9q8y!', '9q8yyyyyyy'])('is not %j', (text) => {
    expect(geohashBounds(text)).toBeNull();
    expect(neighbourOf(text, 1, 0)).toBeNull();
  });
});

describe('the kept length', () => {
  it.each([
    [0, 8],
    [0.05, 7],
    [0.5, 6],
    [1, 5],
    [2.4, 4],
    [5, 4],
    [20, 3],
    [100, 2],
    [1000, 1],
    [9000, 1],
  ])('for a least distance of %d km is %d', (minDistance, length) => {
    expect(geohashLength(minDistance)).toBe(length);
  });
});

describe('neighbours', () => {
  it('come in the order that the original documents', () => {
    const cell = encodeGeohash(SAN_FRANCISCO, geohashLength(5));
    expect(cell).toBe('9q8y');
    expect(neighboursOf(cell, Math.ceil(10 / cellSizeKm(4)))).toEqual(
      '9q8z 9q8v 9q8w 9q8x 9q8t 9q9n 9q9p 9q9j'.split(' '),
    );
  });

  it('make a square of rings', () => {
    const cell = encodeGeohash(SAN_FRANCISCO, geohashLength(1));
    const cells = neighboursOf(cell, Math.ceil(10 / cellSizeKm(5)));
    expect(cell).toBe('9q8yq');
    expect(cells).toHaveLength(120);
    expect(new Set(cells).size).toBe(120);
    expect(cells).not.toContain(cell);
  });

  it('go around the world and end at the poles', () => {
    expect(neighbourOf('2', -1, 0)).toBe('r');
    expect(neighbourOf('r', 1, 0)).toBe('2');
    expect(neighbourOf('zzzz', 0, 1)).toBeNull();
    expect(neighboursOf('b', 1)).toHaveLength(5);
    expect(neighboursOf('s', 8)).toHaveLength(31);
  });
});

describe('a distance', () => {
  it('is that of the great circle', () => {
    expect(distanceKm(SAN_FRANCISCO, { latitude: 37.75, longitude: -122.42 })).toBeCloseTo(5.837869, 5);
    expect(distanceKm(SAN_FRANCISCO, SAN_FRANCISCO)).toBeCloseTo(0, 3);
    expect(distanceKm({ latitude: 90, longitude: 0 }, { latitude: -90, longitude: 0 })).toBeCloseTo(
      Math.PI * 6378.1,
      6,
    );
  });

  it.each([
    [5.837869, 5, 5],
    [4.99, 5, 0],
    [5.837869, 1, 5],
    [5.837869, 0.5, 5.5],
    [0.35, 0.1, 0.3],
    [5.837869, 0, 5.837869],
  ])('of %d in steps of %d is %d', (distance, step, rounded) => {
    expect(roundedDistance(distance, step)).toBe(rounded);
  });
});
