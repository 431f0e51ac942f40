import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Json } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import type { LegacyCall } from '../endpoint.js';
import { LegacyError, required } from '../http/legacy-error.js';

/** Devices that one request may name. */
const MAX_DEVICES = 1_000;

/** A message to one device, as the `send` of a push module gets it. */
interface PushMessage {
  /** Of the device's identity `service://token@app`; empty if it names none. */
  readonly service: string;
  readonly token: string;
  readonly app: string;
  /** What the request says beside that, e.g. `msg`. */
  readonly values: { readonly [name: string]: Json };
  /** Aborted when whoever asked has gone. */
  readonly signal: AbortSignal;
}

/** What the module behind the setting `push-module` exports. */
interface PushModule {
  send(message: PushMessage): Promise<void>;
}

/**
 * `/system/msg/send`: hands a message to the module that the settings name, once for each of the devices. Throws 501 where they name
 * none. What the module throws is the server's failure: it is logged, and further devices are not tried.
 */
export async function sendPush(context: BackendjsContext, { params, request }: LegacyCall): Promise<Json> {
  const path = context.settings.pushModule;
  if (path === '') throw new LegacyError(501, 'Push messages to devices are not sent by this server');
  const devices = params.list('device_id');
  if (devices.length === 0) throw required('device_id');
  if (devices.length > MAX_DEVICES) throw new LegacyError(400, `more than ${MAX_DEVICES} devices`);
  const module = await load(path);
  const { device_id: _, ...values } = Object.fromEntries(params.columns());
  for (const device of devices) await module.send({ ...identityOf(device), values, signal: request.signal });
  return { status: 200, message: '' };
}

async function load(path: string): Promise<PushModule> {
  const module: Partial<PushModule> = await import(pathToFileURL(resolve(path)).href);
  if (typeof module.send !== 'function') throw new Error(`${path} exports no function "send"`);
  return module as PushModule;
}

function identityOf(device: string): Pick<PushMessage, 'service' | 'token' | 'app'> {
  const [, service = '', token = '', app = ''] = /^(?:([^:/]*):\/\/)?([^@]*)(?:@(.*))?$/s.exec(device) ?? [];
  return { service, token, app };
}
