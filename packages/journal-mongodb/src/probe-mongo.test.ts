import { afterAll, describe, expect, it } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { probeMongo } from './probe-mongo.js';
import { TestPlace, until } from './test-place.js';

const server = await sharedService('mongodb');
afterAll(() => server?.stop());

describe.skipIf(server === null)('a look at a MongoDB server', () => {
  it('finds what an operator should know, and leaves nothing behind', async () => {
    const place = new TestPlace(server!.url);
    const { mongoDatabase, url } = place;
    const before = await probeMongo({ url, mongoDatabase });
    expect(before.missingIndexes).toEqual(['database_1_path_1', 'database_1_parent_1']);
    expect(before.version).toMatch(/^\d+\.\d+/);
    expect(before.appendMs).toBeGreaterThan(0);
    expect(Math.abs(before.clockSkewMs!)).toBeLessThan(5_000);
    const projector = place.project(await place.open());
    await until(() => projector.state.holder);
    expect((await probeMongo({ url, mongoDatabase })).missingIndexes).toEqual([]);
    expect(await place.db.collection('probes').countDocuments()).toBe(0);
    await place.remove();
  });

  it('tells how far the clocks are apart', async () => {
    const { clockSkewMs } = await probeMongo({ url: server!.url, now: () => Date.now() - 3_600_000 });
    expect(Math.abs(clockSkewMs! - 3_600_000)).toBeLessThan(60_000);
  });

  it('says that nobody is there', async () => {
    const nobody = probeMongo({ url: 'mongodb://127.0.0.1:1/', requestTimeoutMs: 100 });
    await expect(nobody).rejects.toMatchObject({ code: 'unavailable' });
  });
});
