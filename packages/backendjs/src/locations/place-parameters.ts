import { LegacyError } from '../http/legacy-error.js';
import type { Params } from '../http/params.js';
import { type Coordinates, isCoordinates } from './geohash.js';

/** The parameters `latitude` and `longitude`; zero is a place like any other. Throws 400 if one is missing or none on earth. */
export function requireCoordinates(params: Params): Coordinates {
  const coordinates = {
    latitude: params.number('latitude', Number.NaN),
    longitude: params.number('longitude', Number.NaN),
  };
  if (Number.isNaN(coordinates.latitude) || Number.isNaN(coordinates.longitude)) {
    throw new LegacyError(400, 'latitude/longitude are required');
  }
  if (!isCoordinates(coordinates)) throw new LegacyError(400, 'latitude/longitude are out of range');
  return coordinates;
}
