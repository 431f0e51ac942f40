import type { CellBounds, Coordinates } from './geohash.js';

/** The earth as a sphere, in kilometres. */
const RADIUS_KM = 6378.1;

/** The length of the great circle between two points in kilometres, by the spherical law of cosines. */
export function distanceKm(from: Coordinates, to: Coordinates): number {
  const a = radians(from.latitude);
  const b = radians(to.latitude);
  const cosine =
    Math.sin(a) * Math.sin(b) + Math.cos(a) * Math.cos(b) * Math.cos(radians(to.longitude - from.longitude));
  return Math.acos(Math.min(1, Math.max(-1, cosine))) * RADIUS_KM;
}

/** `distance` rounded down to a multiple of `step`, with one decimal if the step has any. */
export function roundedDistance(distance: number, step: number): number {
  if (!(step > 0)) return distance;
  const rounded = Math.floor(distance / step) * step;
  return Number.isInteger(step) ? rounded : Number(rounded.toFixed(1));
}

/**
 * No more than the distance in kilometres from a point inside of `box` to anything outside of it. Infinite if the box is the world.
 */
export function distanceToEdgeKm({ latitude, longitude }: Coordinates, box: CellBounds): number {
  const north = box.north >= 90 ? Number.POSITIVE_INFINITY : box.north - latitude;
  const south = box.south <= -90 ? Number.POSITIVE_INFINITY : latitude - box.south;
  const around = box.east - box.west >= 360;
  const sideways = around ? Number.POSITIVE_INFINITY : Math.min(box.east - longitude, longitude - box.west);
  return Math.min(radians(Math.min(north, south)) * RADIUS_KM, distanceToMeridianKm(latitude, sideways));
}

/** From a point to the meridian `degrees` away; a quarter of the world away the pole is nearest. */
function distanceToMeridianKm(latitude: number, degrees: number): number {
  if (degrees === Number.POSITIVE_INFINITY) return degrees;
  const reach = Math.cos(radians(latitude)) * Math.sin(radians(Math.min(degrees, 90)));
  return Math.asin(Math.min(1, Math.max(0, reach))) * RADIUS_KM;
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
