import { ADMIN } from '@backside/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type HeldRequest, holdOpen } from '../testing/held-request.js';
import type { Refused } from '../testing/rest-fixture.js';
import { type MediaServer, startMediaServer } from './testing/media-server.js';

const RULES = { users: { $uid: { '.read': 'auth.uid == $uid', '.write': 'auth.uid == $uid' } } };
const TUS = { 'tus-resumable': '1.0.0' };
const PART = { ...TUS, 'content-type': 'application/offset+octet-stream' };

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer({ rules: RULES });
});
afterAll(() => server.close());

let count = 0;

/** Somebody with an account, and the ways in which they stop to be somebody. */
async function newcomer() {
  const name = `ann-${++count}`;
  const { token, uid, refreshToken } = await server.signUp(name);
  const path = `/users/${uid}`;
  const authorization = { authorization: `Bearer ${token}` };
  const logout = async (): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    await fetch(`${server.url}/auth/logout`, { method: 'POST', headers, body: JSON.stringify({ refreshToken }) });
  };
  const again = async (): Promise<{ authorization: string }> => {
    const login = { login: name, password: 'correct horse battery' };
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}/auth/login`, { method: 'POST', headers, body: JSON.stringify(login) });
    const { accessToken } = (await answer.json()) as { accessToken: string };
    return { authorization: `Bearer ${accessToken}` };
  };
  return { token, uid, path, authorization, logout, again };
}

async function announce(who: { path: string; authorization: { authorization: string } }): Promise<string> {
  const path = Buffer.from(who.path).toString('base64');
  const headers = { ...TUS, ...who.authorization, 'upload-length': '10', 'upload-metadata': `path ${path}` };
  const answer = await fetch(`${server.url}/.uploads`, { method: 'POST', headers });
  return answer.headers.get('location')!;
}

/** Of ten bytes, of which the server takes the first ones. */
async function beginUpload(who: Awaited<ReturnType<typeof newcomer>>, begin: string) {
  const put = vi.spyOn(server.media.blobs, 'put');
  onTestFinished(() => put.mockRestore());
  const location = await announce(who);
  const headers = { ...PART, 'upload-offset': '0' };
  const held = await holdOpen(server, `PATCH ${location}`, { token: who.token, headers, begin });
  await expect.poll(() => put.mock.calls.some(([key]) => key.includes('/part-'))).toBe(true);
  return { location, held };
}

async function offsetOf(location: string, authorization: { authorization: string }): Promise<string | null> {
  const headers = { ...TUS, ...authorization };
  const answer = await fetch(new URL(location, server.url), { method: 'HEAD', headers });
  return answer.headers.get('upload-offset');
}

async function expectRefused(held: HeldRequest, rest: string): Promise<void> {
  const { status, text } = await held.finish(rest);
  expect(status).toBe(401);
  expect((JSON.parse(text) as Refused).error.code).toBe('unauthenticated');
}

async function blobs(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of server.media.blobs.list('main/blobs/')) keys.push(key);
  return keys;
}

test('a file that arrives slowly is kept while its sender may send it', async () => {
  const { token, path } = await newcomer();
  const held = await holdOpen(server, `PUT /.media${path}`, { token, begin: 'hello' });
  expect(await held.finish('world')).toMatchObject({ status: 200 });
  expect(server.at(path)).toMatchObject({ size: 10 });
});

test.each(['world', ''])('a file whose sender signs out before all of it is there is not kept: %j', async (rest) => {
  const { token, path, logout } = await newcomer();
  const before = await blobs();
  const held = await holdOpen(server, `PUT /.media${path}`, { token, begin: 'hello' });
  await logout();
  await expectRefused(held, rest);
  expect(server.at(path)).toBeNull();
  expect(await blobs()).toEqual(before);
});

test('a file of an account that is deleted before all of it is there is not kept', async () => {
  const { token, path, uid } = await newcomer();
  const held = await holdOpen(server, `PUT /.media${path}`, { token, begin: 'hello' });
  await server.auth.users.delete(ADMIN, uid);
  await expectRefused(held, 'world');
  expect(server.at(path)).toBeNull();
});

test('a part of an upload that arrives slowly is kept while its sender may send it', async () => {
  const who = await newcomer();
  const { held } = await beginUpload(who, 'hello');
  expect(await held.finish('world')).toMatchObject({ status: 204 });
  expect(server.at(who.path)).toMatchObject({ size: 10 });
});

test('an upload whose sender signs out before all of it is there waits until they come back', async () => {
  const who = await newcomer();
  const { location, held } = await beginUpload(who, 'hello');
  await who.logout();
  await expectRefused(held, 'world');
  expect(server.at(who.path)).toBeNull();
  const back = await who.again();
  const offset = await offsetOf(location, back);
  expect(offset).toBe('5');
  const rest = { method: 'PATCH', headers: { ...PART, ...back, 'upload-offset': offset! }, body: 'world' };
  expect((await fetch(new URL(location, server.url), rest)).status).toBe(204);
  expect(server.at(who.path)).toMatchObject({ size: 10 });
});

test('an upload whose sender signs out behind its last byte is described when they come back', async () => {
  const who = await newcomer();
  const { location, held } = await beginUpload(who, 'helloworld');
  await who.logout();
  await expectRefused(held, '');
  expect(server.at(who.path)).toBeNull();
  expect(await offsetOf(location, await who.again())).toBe('10');
  expect(server.at(who.path)).toMatchObject({ size: 10 });
});
