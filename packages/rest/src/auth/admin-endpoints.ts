import { type Endpoint, fieldsOf, pathPart } from '../endpoint.js';
import { flag, optional, record, text } from '../fields.js';
import { limitOf, pageOf } from './page.js';
import { clientOf } from './sign-in-reply.js';

/** What admins do with device credentials, the audit log and signing keys. */
export const ADMIN_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/auth/devices',
    access: 'admin',
    serve: async (call) => ({ json: await call.auth.devices.list(call.principal, pageOf(call)) }),
  },
  {
    method: 'post',
    path: '/auth/devices',
    access: 'admin',
    serve: async (call) => {
      const device = fieldsOf(call, { label: text(120), uid: optional(text()), claims: optional(record()) });
      return { status: 201, json: await call.auth.devices.create(call.principal, device, clientOf(call)) };
    },
  },
  {
    method: 'delete',
    path: '/auth/devices/:key',
    access: 'admin',
    serve: async (call) => {
      await call.auth.devices.revoke(call.principal, pathPart(call, 'key'), clientOf(call));
      return {};
    },
  },
  {
    method: 'get',
    path: '/auth/audit',
    access: 'admin',
    serve: async (call) => ({ json: { events: await call.auth.audit(call.principal, { limit: limitOf(call) }) } }),
  },
  {
    method: 'post',
    path: '/auth/keys/rotate',
    access: 'admin',
    serve: async (call) => {
      await call.auth.rotateKeys(call.principal, fieldsOf(call, { immediately: optional(flag()) }));
      return {};
    },
  },
];
