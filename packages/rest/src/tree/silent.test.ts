import type { PresentNode } from '@backside/tree';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { openTreeServer, type TreeServer } from '../testing/tree-server.js';

let server: TreeServer;

beforeAll(async () => {
  server = await openTreeServer();
});

afterAll(() => server.stop());

test.each([
  ['PUT', '{"at": {".sv": "timestamp"}}'],
  ['PATCH', '{"at": {".sv": "timestamp"}}'],
])('a silent %s looks up nothing that nobody will see', async (method, raw) => {
  const read = vi.spyOn(server.main.database, 'read');
  onTestFinished(() => read.mockRestore());
  expect((await server.call(`${method} /quiet.json?print=silent`, { raw })).status).toBe(204);
  expect(read).not.toHaveBeenCalled();
  expect(await server.json('GET /quiet/at.json')).toEqual(expect.any(Number));
});

test('a silent query is not encoded, but refused like any other', async () => {
  const unencodable = new Proxy({} as PresentNode & object, {
    get: () => {
      throw new Error('it is encoded');
    },
  });
  const read = vi.spyOn(server.main.database, 'read');
  onTestFinished(() => read.mockRestore());
  read.mockReturnValueOnce({ node: unencodable, revision: 1, indexed: true });
  expect((await server.call('GET /quiet.json?print=silent&orderBy="$key"&limitToFirst=1')).status).toBe(204);
  expect((await server.call('GET /quiet.json?print=silent&orderBy="x"&startAt=1')).status).toBe(400);
});
