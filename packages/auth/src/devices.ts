import { randomBytes } from 'node:crypto';
import { BacksideError } from '@backside/protocol';
import type { Json } from '@backside/tree';
import { edited } from './account.js';
import { formatClaims, parseClaims } from './claims.js';
import type { Device, NewDevice } from './device-api.js';
import type { Edit } from './edit.js';
import { DEVICE_KEY_PREFIX } from './login.js';
import { PATHS } from './paths.js';
import type { PrivateTree, PrivateValue } from './private-tree.js';
import { createSecret, hashSecret, sameHash } from './secret.js';

interface DeviceRecord {
  readonly uid: string;
  readonly label: string;
  /** JSON; see `formatClaims`. */
  readonly claims?: string;
  /** Of the secret, which is drawn: no slow hash is needed. */
  readonly hash: string;
  readonly createdAt: number;
}

const KEY = /^dk_[A-Za-z0-9_-]{20}$/;
const MAX_LABEL_CHARS = 120;

/** Whether a login is meant to be a device's. No username or e-mail address is. */
export function isDeviceKey(login: string): boolean {
  return login.startsWith(DEVICE_KEY_PREFIX) && !login.includes('@');
}

/** The credentials of devices. */
export class Devices {
  readonly #tree: PrivateTree;
  readonly #now: () => number;

  constructor(tree: PrivateTree, now: () => number) {
    this.#tree = tree;
    this.#now = now;
  }

  get(key: string): Device | null {
    const record = this.#record(key);
    return record === null ? null : deviceOf(key, record);
  }

  /** The device whose key and secret these are, or null. */
  prove(key: string, secret: string): Device | null {
    const record = this.#record(key);
    const right = sameHash(hashSecret(secret), record?.hash ?? hashSecret(''));
    return record !== null && right ? deviceOf(key, record) : null;
  }

  list(range: { readonly after: string | undefined; readonly limit: number }): Device[] {
    return this.#tree.keys(PATHS.devices, range).flatMap((key) => this.get(key) ?? []);
  }

  /** `present` must hold when the device is made: that its account is there. */
  async create(wish: NewDevice, present: readonly PrivateValue[]): Promise<{ device: Device; secret: string }> {
    const label = wish.label.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '').trim();
    if (label === '' || label.length > MAX_LABEL_CHARS) {
      throw new BacksideError('invalid-data', `A device has a label of 1 to ${MAX_LABEL_CHARS} characters`);
    }
    const key = DEVICE_KEY_PREFIX + randomBytes(15).toString('base64url');
    const secret = createSecret();
    const uid = wish.uid ?? key;
    const base = { uid, label, hash: hashSecret(secret), createdAt: this.#now() };
    const record: DeviceRecord = edited<DeviceRecord>(base, { claims: formatClaims(wish.claims ?? {}) });
    await this.#tree.update(
      [
        { path: PATHS.device(key), value: record as unknown as Json },
        { path: [...PATHS.devicesOf(uid), key], value: true },
      ],
      present,
    );
    return { device: deviceOf(key, record), secret };
  }

  /** Throws `not-found`. */
  async revoke(key: string): Promise<Device> {
    const device = this.get(key);
    if (device === null) throw new BacksideError('not-found', 'No such device');
    await this.#tree.update(removal(device.uid, key));
    return device;
  }

  /** Takes away the devices of an account; to be committed with its end. */
  clear(uid: string): Edit {
    return { changes: this.#tree.keys(PATHS.devicesOf(uid)).flatMap((key) => removal(uid, key)), expect: [] };
  }

  #record(key: string): DeviceRecord | null {
    return KEY.test(key) ? (this.#tree.read(PATHS.device(key)) as unknown as DeviceRecord | null) : null;
  }
}

function removal(uid: string, key: string): PrivateValue[] {
  return [
    { path: PATHS.device(key), value: null },
    { path: [...PATHS.devicesOf(uid), key], value: null },
  ];
}

function deviceOf(key: string, record: DeviceRecord): Device {
  const { uid, label, claims, createdAt } = record;
  return { key, uid, label, claims: parseClaims(claims), createdAt };
}
