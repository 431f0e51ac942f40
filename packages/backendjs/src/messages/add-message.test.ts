import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { TestAccount } from '../testing/legacy-fixture.js';
import { type LegacyMediaFixture, PNG, startLegacyWithMedia } from '../testing/legacy-media.js';

let server: LegacyMediaFixture;
let ann: TestAccount;

beforeAll(async () => {
  server = await startLegacyWithMedia();
  ann = await server.account('ann');
});
afterAll(() => server.close());

test('a picture that cannot be stored for one recipient stays with none, and the message is not sent', async () => {
  const put = server.blobs.put.bind(server.blobs);
  let stored = 0;
  const failing = vi.spyOn(server.blobs, 'put').mockImplementation(async (...what) => {
    stored += 1;
    if (stored === 3) throw new Error('the disk is full');
    return put(...what);
  });
  const message = { id: 'u_1,u_2,u_3', icon: PNG.toString('base64') };
  expect((await server.client.post('/message/add', message, { as: ann })).status).toBe(500);
  failing.mockRestore();
  expect(stored).toBe(3);
  expect(await server.keys()).toEqual([]);
  expect(server.value('/messages')).toBeNull();
});
