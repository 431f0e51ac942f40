import type { WriteStep } from '@backside/api';
import type { Json } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import type { LegacyCall } from '../endpoint.js';
import { LegacyError } from '../http/legacy-error.js';
import { encodeKey } from '../rows/encode-key.js';
import type { Expected } from '../rows/row-store.js';
import { deleteSteps, putSteps, updateSteps } from '../rows/row-write.js';
import { Rows, untilUndisturbed } from '../rows/rows.js';
import type { Row } from '../rows/table.js';
import { ACCOUNTS, LOCATIONS } from '../rows/tables.js';
import { distanceKm } from './distance.js';
import { type Coordinates, encodeGeohash, geohashLength } from './geohash.js';
import { requireCoordinates } from './place-parameters.js';

/** Where the caller is now: a column of the account, and a row of its cell, in one commit with the removal of the old one. */
export function putLocation(call: LegacyCall): Promise<Json> {
  const { id } = call.requireAccount();
  const place = requireCoordinates(call.params);
  const rows = new Rows(call.context.database, call.context.tree);
  return untilUndisturbed(() => move({ call, rows, id, place }));
}

interface Move {
  readonly call: LegacyCall;
  readonly rows: Rows;
  readonly id: string;
  readonly place: Coordinates;
}

async function move({ call, rows, id, place }: Move): Promise<Json> {
  const { context, params } = call;
  const { row: account, expected } = rows.hold(ACCOUNTS, { id });
  if (account === null) throw new LegacyError(404, 'No account record found', 'NOACCOUNT');
  const { minDistance } = context.settings;
  refuseNear(account, place, minDistance);
  const old = { geohash: account.geohash, latitude: account.latitude, longitude: account.longitude };
  const geohash = encodeGeohash(place, geohashLength(minDistance));
  const ltime = timeAfter(account.ltime, context);
  const columns = { ...place, geohash, ltime, ...(params.has('location') && { location: params.text('location') }) };
  const steps = [
    ...(typeof old.geohash === 'string' && old.geohash !== geohash ? removalSteps(old.geohash, id) : []),
    ...putSteps(LOCATIONS, { ...place, geohash, id, name: account.name ?? null, mtime: ltime }),
    ...updateSteps(ACCOUNTS, { ...columns, id, mtime: ltime }),
  ];
  await rows.write(ACCOUNTS, steps, [expected, sameTime(id, account.ltime)]);
  return { ...Object.fromEntries(params.columns()), ...columns, id, old: present(old) };
}

/** The steps that take an account out of the searches. */
export function removalSteps(geohash: string, id: string): WriteStep[] {
  return deleteSteps(LOCATIONS, { geohash, id });
}

/** Throws 305 unless the place is far enough from the last one. */
function refuseNear(account: Row, place: Coordinates, minDistance: number): void {
  const { latitude, longitude } = account;
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return;
  if (distanceKm({ latitude, longitude }, place) > minDistance) return;
  throw new LegacyError(305, `ignored, min distance: ${minDistance}`);
}

/** Each move has a time of its own, so that two at once cannot both rest on the same place. */
function timeAfter(last: Json | undefined, { now }: BackendjsContext): number {
  return Math.max(now(), typeof last === 'number' ? last + 1 : 0);
}

/** That an account has not moved since it was read. */
export function sameTime(id: string, ltime: Json | undefined): Expected {
  return { path: ['me', encodeKey(id), 'ltime'], value: ltime ?? null };
}

function present(row: { readonly [column: string]: Json | undefined }): { [column: string]: Json } {
  return Object.fromEntries(Object.entries(row).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}
