import type { DenialTrace } from '@backside/api';
import { BacksideError, NOBODY } from '@backside/protocol';
import { parsePath } from '@backside/tree';
import { describe, expect, test } from 'vitest';
import { adminToken, ask, startServer, type TestServer, type TestTenant } from '../testing/rest-fixture.js';

/** Reads what the rules refuse and returns the trace id that the refusal bears. */
async function refusedRead(tenant: TestTenant, path = '/secrets'): Promise<string> {
  await tenant.rules.put('{ "rules": { "secrets": { ".read": "auth.uid === \'ann\'" } } }', null);
  try {
    tenant.database.read(NOBODY, parsePath(path));
  } catch (error) {
    if (error instanceof BacksideError && error.trace !== undefined) return error.trace;
  }
  throw new Error('the read was not refused');
}

describe('an explained refusal', () => {
  test('shows an admin each rule, its place and its values', async () => {
    const server = await startServer();
    const trace = await refusedRead(server.main);
    const { json } = await ask<DenialTrace>(server, `GET /.explain/${trace}`, { token: await adminToken(server) });
    expect(json).toMatchObject({ id: trace, database: 'main', principal: null, operation: 'read', path: '/secrets' });
    expect(json.explanation?.steps).toMatchObject([{ rulePath: '/secrets/.read', line: 1, outcome: 'false' }]);
  });

  test('is text for who prefers it', async () => {
    const server = await startServer();
    const trace = await refusedRead(server.main);
    const { text, headers } = await ask(server, `GET /.explain/${trace}`, {
      token: await adminToken(server),
      headers: { accept: 'text/plain' },
    });
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(text).toContain('/secrets/.read (1:');
  });

  test('is shown to anybody in development mode', async () => {
    const server = await startServer({ rest: { development: true } });
    expect(await ask(server, `GET /.explain/${await refusedRead(server.main)}`)).toMatchObject({ status: 200 });
  });

  test('is no business of the admins of another database', async () => {
    const server: TestServer = await startServer({ databases: ['main', 'other'] });
    const trace = await refusedRead(server.main);
    const token = await adminToken(server, server.tenants.get('other')!);
    expect(await ask(server, `GET /.explain/${trace}?ns=other`, { token })).toMatchObject({ status: 404 });
  });

  test('that is not kept is not found', async () => {
    const server = await startServer({ rest: { development: true } });
    expect(await ask(server, 'GET /.explain/node-a.0123456789abcdef')).toMatchObject({ status: 404 });
  });
});
