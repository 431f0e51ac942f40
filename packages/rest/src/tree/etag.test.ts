import { hashNode, nodeFromJson } from '@backside/tree';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTreeServer, type TreeServer } from '../testing/tree-server.js';

let server: TreeServer;

beforeAll(async () => {
  server = await openTreeServer();
});

afterAll(() => server.stop());

describe('an ETag', () => {
  const asked = { 'x-firebase-etag': 'true' };
  const etagOf = (value: unknown): string => hashNode(nodeFromJson(value));

  test('is told when it is asked for', async () => {
    await server.put('/tagged', { a: 1 });
    expect((await server.call('GET /tagged.json')).headers.get('etag')).toBeNull();
    expect((await server.call('GET /tagged.json', { headers: asked })).headers.get('etag')).toBe(etagOf({ a: 1 }));
    expect((await server.call('GET /tagged/b.json', { headers: asked })).headers.get('etag')).toBe('null_etag');
  });

  test('decides whether a write is made, which tells the new one', async () => {
    await server.put('/tagged', 1);
    const stale = await server.call('PUT /tagged.json', { raw: '2', headers: { 'if-match': etagOf(0) } });
    expect({ status: stale.status, json: stale.json, etag: stale.headers.get('etag') }).toEqual({
      status: 412,
      json: 1,
      etag: etagOf(1),
    });
    const made = await server.call('PUT /tagged.json', { raw: '2', headers: { 'if-match': etagOf(1) } });
    expect({ status: made.status, etag: made.headers.get('etag') }).toEqual({ status: 200, etag: etagOf(2) });
    const removed = await server.call('DELETE /tagged.json', { headers: { 'if-match': `"${etagOf(2)}"` } });
    expect({ status: removed.status, etag: removed.headers.get('etag') }).toEqual({ status: 200, etag: 'null_etag' });
    const created = await server.call('PUT /tagged.json', { raw: '3', headers: { 'if-match': 'null_etag' } });
    expect(created.status).toBe(200);
    expect((await server.call('PUT /tagged.json', { raw: '4', headers: { 'if-match': 'null_etag' } })).status).toBe(
      412,
    );
  });

  test('saves an answer that is known', async () => {
    await server.put('/tagged', { b: 2 });
    const known = await server.call('GET /tagged.json', { headers: { 'if-none-match': etagOf({ b: 2 }) } });
    expect({ status: known.status, text: known.text }).toEqual({ status: 304, text: '' });
    const changed = await server.call('GET /tagged.json', { headers: { 'if-none-match': etagOf(0) } });
    expect({ status: changed.status, etag: changed.headers.get('etag') }).toEqual({
      status: 200,
      etag: etagOf({ b: 2 }),
    });
  });

  test('goes with whole nodes only', async () => {
    for (const query of ['shallow=true', 'orderBy="$key"&limitToFirst=1']) {
      expect((await server.call(`GET /tagged.json?${query}`, { headers: asked })).status).toBe(400);
    }
  });
});
