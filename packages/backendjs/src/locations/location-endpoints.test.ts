import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';
import { watchTree } from '../testing/tree-watch.js';

const CENTRE = { latitude: 37.7, longitude: -122.4 };

interface Found {
  readonly id: string;
  readonly distance: number;
  readonly [column: string]: unknown;
}

interface Page {
  readonly count: number;
  readonly data: readonly Found[];
  readonly next_token: string;
}

describe('locations', () => {
  let server: LegacyFixture;

  beforeAll(async () => {
    server = await startLegacy({ settings: { 'min-distance': 5 } });
  });
  afterAll(() => server.close());

  it('are put in one commit, and moved in one', async () => {
    const { client, database } = server;
    const bob = await server.account('bob');
    const watch = await watchTree(database, '/locations');
    const first = await client.get('/location/put', { ...CENTRE, location: 'home' }, { as: bob });
    expect(first.status).toBe(200);
    expect(first.json).toMatchObject({ ...CENTRE, id: bob.id, geohash: '9q8y', location: 'home', old: {} });
    expect(server.value(`/me/${bob.id}`)).toMatchObject({ ...CENTRE, geohash: '9q8y', location: 'home' });

    const moved = await client.get('/location/put', { latitude: 34, longitude: -118 }, { as: bob });
    expect(moved.json).toMatchObject({ geohash: '9qh1', old: { ...CENTRE, geohash: '9q8y' } });
    expect(server.value('/locations/9q8y')).toBeNull();
    expect(server.value(`/locations/9qh1/${bob.id}`)).toMatchObject({ name: 'bob', latitude: 34, longitude: -118 });
    expect(new Set(watch.changes.map(({ revision }) => revision)).size).toBe(2);
    watch.end();
  });

  it('that are near the last one are ignored with 305', async () => {
    const { client } = server;
    const carol = await server.account('carol');
    await client.get('/location/put', { latitude: 10, longitude: 10 }, { as: carol });
    const near = await client.get('/location/put', { latitude: 10.01, longitude: 10 }, { as: carol });
    expect(near.status).toBe(305);
    expect(near.json).toEqual({ status: 305, message: 'ignored, min distance: 5' });
    expect(server.value(`/me/${carol.id}/latitude`)).toBe(10);
  });

  it('may be zero, and need both coordinates on earth', async () => {
    const { client } = server;
    const dan = await server.account('dan');
    expect((await client.get('/location/put', { latitude: 0, longitude: 0 }, { as: dan })).json).toMatchObject({
      latitude: 0,
      longitude: 0,
      geohash: 's000',
    });
    for (const bad of [{}, { latitude: 1 }, { latitude: 'x', longitude: 1 }, { latitude: 91, longitude: 0 }]) {
      expect((await client.get('/location/put', bad, { as: dan })).status).toBe(400);
      expect((await client.get('/location/get', bad, { as: dan })).status).toBe(400);
    }
    expect((await client.get('/location/put', CENTRE)).status).toBe(417);
  });

  it('leave one row, however many moves come at once', async () => {
    const { client } = server;
    const eve = await server.account('eve');
    const places = Array.from({ length: 8 }, (_, index) => ({ latitude: -60 + index * 2, longitude: 20 }));
    const moves = await Promise.all(places.map((place) => client.get('/location/put', place, { as: eve })));
    expect(moves.map(({ status }) => status)).toEqual(places.map(() => 200));
    const cells = Object.values(server.value('/locations') as Record<string, Record<string, unknown>>);
    expect(cells.filter((cell) => eve.id in cell)).toHaveLength(1);
  });
});

describe('a search', () => {
  let server: LegacyFixture;
  let me: TestAccount;
  const kilometre = 1 / 111.3;

  beforeAll(async () => {
    server = await startLegacy({ settings: { 'min-distance': 1 } });
    me = await server.account('me');
    await server.client.get('/location/put', CENTRE, { as: me });
    const others = Array.from({ length: 12 }, (_, index) => index);
    await Promise.all(
      others.map(async (index) => {
        const account = await server.account(`n${index}`);
        const angle = index * 2.4;
        const place = {
          latitude: CENTRE.latitude + Math.sin(angle) * (index + 0.5) * kilometre,
          longitude:
            CENTRE.longitude + (Math.cos(angle) * (index + 0.5) * kilometre) / Math.cos((37.7 * Math.PI) / 180),
        };
        await server.client.get('/location/put', place, { as: account });
      }),
    );
  });
  afterAll(() => server.close());

  const search = async (params: Record<string, string | number>, path = '/location/get'): Promise<Page> => {
    const reply = await server.client.get<Page>(path, { ...CENTRE, ...params }, { as: me });
    expect(reply.status).toBe(200);
    return reply.json;
  };

  it('finds who is around, nearest first, without the caller', async () => {
    const { data, count, next_token } = await search({ distance: 20 });
    expect(data.map(({ name }) => name)).toEqual(Array.from({ length: 12 }, (_, index) => `n${index}`));
    expect(data.map(({ distance }) => distance)).toEqual(Array.from({ length: 12 }, (_, index) => index));
    expect(count).toBe(12);
    expect(next_token).toBe('');
  });

  it('keeps to the distance, as it is told', async () => {
    expect((await search({ distance: 5 })).data.map(({ distance }) => distance)).toEqual([0, 1, 2, 3, 4, 5]);
    expect((await search({})).data.map(({ distance }) => distance)).toEqual([0, 1]);
  });

  it('pages through all of them in order, each once', async () => {
    const names: unknown[] = [];
    let token = '';
    let pages = 0;
    do {
      const page = await search(
        { distance: 20, _count: 5, ...(token !== '' && { _token: token }) },
        '/location/search',
      );
      names.push(...page.data.map(({ name }) => name));
      token = page.next_token;
      pages += 1;
      expect(token.length).toBeLessThan(300);
    } while (token !== '' && pages < 10);
    expect(names).toEqual(Array.from({ length: 12 }, (_, index) => `n${index}`));
    expect(pages).toBe(3);
  });

  it('gives all with _count=0, and the number alone with _total', async () => {
    expect((await search({ distance: 20, _count: 0 })).count).toBe(12);
    expect(await search({ distance: 20, _total: 1 })).toEqual({ count: 12 });
  });

  it('tells nobody where others are, by columns or by filters', async () => {
    const [first] = (await search({ distance: 20, _count: 1 })).data;
    expect(Object.keys(first!).sort()).toEqual(['distance', 'id', 'name']);
    const reply = await server.client.get(
      '/location/get',
      { ...CENTRE, distance: 20, geohash: '9q8', _ops: 'geohash,begins_with' },
      { as: me },
    );
    expect(reply.status).toBe(400);
  });

  it('filters by other columns and chooses some', async () => {
    const { data } = await search({ distance: 20, name: 'n1', _ops: 'name,begins_with', _select: 'name' });
    expect(data).toEqual([{ name: 'n1' }, { name: 'n10' }, { name: 'n11' }]);
  });

  it('takes a token that is none for absent', async () => {
    for (const token of ['x', 'bnVsbA==', Buffer.from('[1,2,3,-1,2,"x"]').toString('base64')]) {
      expect((await search({ distance: 5, _token: token })).count).toBe(6);
    }
  });

  it('answers accounts as well', async () => {
    const { data } = await search({ distance: 2 }, '/account/select/location');
    expect(data.map(({ name, distance }) => [name, distance])).toEqual([
      ['n0', 0],
      ['n1', 1],
      ['n2', 2],
    ]);
    expect(data.every((row) => !('latitude' in row) && !('login' in row))).toBe(true);
  });

  it('tells the names that accounts have now', async () => {
    const zoe = await server.account('zoe');
    await server.client.get('/location/put', CENTRE, { as: zoe });
    await server.client.get('/account/update', { name: 'Zoë' }, { as: zoe });
    expect((await search({})).data.map(({ name }) => name)).toContain('Zoë');
    await server.client.get('/account/del', {}, { as: zoe });
  });

  it('finds no account that is gone', async () => {
    const gone = await server.account('gone');
    await server.client.get('/location/put', CENTRE, { as: gone });
    expect((await search({})).data.map(({ name }) => name)).toContain('gone');
    expect((await server.client.get('/account/del', {}, { as: gone })).status).toBe(200);
    expect((await search({})).data.map(({ name }) => name)).not.toContain('gone');
  });
});

describe('coordinates', () => {
  it('are shown if the operator says so', async () => {
    const server = await startLegacy({ settings: { 'location-coordinates': true } });
    const [ann, bob] = [await server.account('ann'), await server.account('bob')];
    await server.client.get('/location/put', CENTRE, { as: bob });
    const { data } = (await server.client.get<Page>('/location/get', CENTRE, { as: ann })).json;
    expect(data).toEqual([{ id: bob.id, name: 'bob', distance: 0, ...CENTRE, mtime: expect.any(Number) }]);
    await server.close();
  });
});
