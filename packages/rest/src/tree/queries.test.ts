import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTreeServer, type TreeServer } from '../testing/tree-server.js';

let server: TreeServer;

beforeAll(async () => {
  server = await openTreeServer();
});

afterAll(() => server.stop());

describe('a query', () => {
  const PEOPLE = { ann: { age: 30 }, bob: { age: 74 }, cy: { age: 50 }, dee: { name: 'D' } };

  test.each([
    ['orderBy="age"&startAt=50', ['bob', 'cy']],
    ['orderBy="age"&startAfter=50', ['bob']],
    ['orderBy="age"&endAt=50', ['ann', 'cy', 'dee']],
    ['orderBy="age"&endBefore=50', ['ann', 'dee']],
    ['orderBy="age"&equalTo=30', ['ann']],
    ['orderBy="age"&equalTo=null', ['dee']],
    ['orderBy="age"&startAt=50,"cy"&limitToFirst=1', ['cy']],
    ['orderBy="age"&limitToLast=2', ['bob', 'cy']],
    ['orderBy="$key"&startAt="b"&endAt="c"', ['bob']],
    ['orderBy="$key"&limitToFirst=2', ['ann', 'bob']],
    ['orderBy="$priority"&limitToFirst=1', ['ann']],
    ['orderBy="age"', ['ann', 'bob', 'cy', 'dee']],
  ])('%s', async (query, keys) => {
    await server.put('/people', PEOPLE);
    const { status, json } = await server.call(`GET /people.json?${encodeURI(query)}`);
    expect(status).toBe(200);
    expect(Object.keys(json as object).sort()).toEqual(keys);
  });

  test.each([
    ['limitToFirst=1', 'orderBy must be defined when other query parameters are defined'],
    ['orderBy=age', 'orderBy must be a valid JSON encoded path'],
    ['orderBy=5', 'orderBy must be a valid JSON encoded path'],
    ['orderBy="age"&limitToFirst=1&limitToLast=1', 'limitToFirst and limitToLast cannot be used together'],
    ['orderBy="age"&limitToFirst=x', 'limitToFirst must be a positive integer'],
    ['orderBy="age"&startAt=x', 'startAt must be valid JSON'],
    ['orderBy="age"&startAt=1&startAt=2', 'startAt was given more than once'],
    ['orderBy="height"&startAt=1', 'Index not defined, add ".indexOn": "height", for path "/people", to the rules'],
    ['orderBy="$value"&startAt=1', 'Index not defined, add ".indexOn": ".value", for path "/people", to the rules'],
  ])('%s is refused', async (query, error) => {
    await server.put('/people', PEOPLE);
    const { status, json } = await server.call(`GET /people.json?${encodeURI(query)}`);
    expect({ status, json }).toEqual({ status: 400, json: { error } });
  });

  test('that is shallow has the keys, all or as many as wanted', async () => {
    await server.put('/people', { ...PEOPLE, 'k"ey': { '.value': 1, '.priority': 2 } });
    const keys = async (query: string): Promise<unknown> => server.json(`GET /people.json?shallow=true${query}`);
    expect(await keys('')).toEqual({ ann: true, bob: true, cy: true, dee: true, 'k"ey': true });
    expect(await keys('&limitToFirst=2')).toEqual({ ann: true, bob: true });
    expect(await keys('&limitToFirst=2&startAfter=bob&timeout=3s')).toEqual({ cy: true, dee: true });
    expect(await keys('&limitToFirst=1&startAfter="bob"')).toEqual({ cy: true });
    expect(await server.json('GET /people/ann/age.json?shallow=true')).toBe(30);
    expect(await server.json('GET /people/k%22ey.json?shallow=true')).toBe(1);
    expect(await server.json('GET /people/nobody.json?shallow=true')).toBeNull();
    expect((await server.call('GET /people.json?shallow=true&orderBy="age"')).status).toBe(400);
  });
});
