import { ADMIN } from '@backside/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseBackendjsSettings } from '../settings.js';
import { startLegacy, type TestAccount } from '../testing/legacy-fixture.js';
import { type LegacyMediaFixture, PNG, startLegacyWithMedia } from '../testing/legacy-media.js';
import { watchTree } from '../testing/tree-watch.js';

const ICON = PNG.toString('base64');

const SETTINGS = { 'api-allow': ['^/image/open/', '^/image/account/'], 'icons-limit': 'few,2,*,50' };

interface IconRow {
  readonly id: string;
  readonly type: string;
  readonly url: string;
  readonly [column: string]: unknown;
}

let server: LegacyMediaFixture;
let ann: TestAccount;
let bob: TestAccount;

beforeAll(async () => {
  server = await startLegacyWithMedia({ settings: SETTINGS });
  ann = await server.account('ann');
  bob = await server.account('bob');
});
afterAll(() => server.close());

const put = (params: Record<string, string | number>, as = ann) =>
  server.client.post<IconRow[]>('/icon/put', { icon: ICON, ...params }, { as });
const get = (params: Record<string, string>, as = ann) => server.client.get('/icon/get', params, { as });

describe('/icon', () => {
  it('put stores a picture and its row, and answers all of the prefix', async () => {
    const watch = await watchTree(server.database, `/icons/${ann.id}`);
    const reply = await put({
      prefix: 'album',
      type: 'me-1',
      descr: 'me',
      acl_allow: 'auth',
      tags: 'a,b',
      latitude: 3,
    });
    expect(reply.status).toBe(200);
    expect(reply.json).toEqual([
      expect.objectContaining({
        ...{ id: ann.id, type: 'me-1', descr: 'me', acl_allow: 'auth', latitude: 3, tags: ['a', 'b'] },
        ...{ width: 1, height: 1, ext: 'png', url: '/icon/get?prefix=album&type=me-1&_ext=png' },
      }),
    ]);
    expect(reply.json[0]).not.toHaveProperty('blob');
    expect(watch.changes).toHaveLength(1);
    watch.end();
    const picture = await get({ prefix: 'album', type: 'me-1' });
    expect(picture.headers['content-type']).toBe('image/png');
    expect(picture.headers['x-content-type-options']).toBe('nosniff');
    expect(picture.bytes.subarray(1, 4).toString()).toBe('PNG');
    const head = await server.client.send('HEAD', '/icon/get?prefix=album&type=me-1', { as: ann });
    expect([head.headers['content-length'], head.bytes.length]).toEqual([String(picture.bytes.length), 0]);
  });

  it('put takes JSON, forms with files, and makes the size and format that are asked for', async () => {
    const json = await server.client.postJson<IconRow[]>(
      '/icon/put?',
      { prefix: 'sized', type: 'json', icon: ICON, _width: 20, _ext: 'jpg' },
      { as: ann },
    );
    expect(json.json).toEqual([expect.objectContaining({ width: 20, height: 20, ext: 'jpg' })]);
    const form = multipart({ prefix: 'sized', type: '@filename@', _width: '-40' }, PNG);
    const sent = await server.client.postRaw<IconRow[]>('/icon/put', form, { as: ann });
    expect(sent.json.map(({ type, width }) => [type, width])).toEqual([
      ['json', 20],
      ['my-face.png', 1],
    ]);
    const jpeg = await get({ prefix: 'sized', type: 'json' });
    expect(jpeg.headers['content-type']).toBe('image/jpeg');
  });

  it('select finds by prefix and the beginning of the type', async () => {
    for (const type of ['x:1', 'x:2', 'y:1']) await put({ prefix: 'found', type });
    const select = async (params: Record<string, string>, as = ann) =>
      (await server.client.get<IconRow[]>('/icon/select', { prefix: 'found', ...params }, { as })).json;
    expect((await select({ type: 'x' })).map(({ type }) => type)).toEqual(['x:1', 'x:2']);
    expect(await select({})).toHaveLength(3);
    expect(await select({ id: ann.id }, bob)).toEqual([]);
    await put({ prefix: 'found', type: 'y:1', acl_allow: 'all' });
    expect((await select({ id: ann.id }, bob)).map(({ url }) => url)).toEqual([
      `/icon/get?prefix=found&type=y%3A1&id=${ann.id}&_ext=png`,
    ]);
  });

  it('del removes the row and the picture', async () => {
    await put({ prefix: 'gone', type: 'a' });
    expect((await server.keys()).filter((key) => key.includes('/gone/'))).toHaveLength(1);
    const reply = await server.client.get('/icon/del', { prefix: 'gone', type: 'a' }, { as: ann });
    expect(reply.json).toEqual([]);
    expect(server.value(`/icons/${ann.id}/gone`)).toBeNull();
    expect((await server.keys()).filter((key) => key.includes('/gone/'))).toEqual([]);
    expect((await get({ prefix: 'gone', type: 'a' })).status).toBe(404);
  });

  it('put makes a picture lighter, and says which formats there are', async () => {
    await put({ prefix: 'light', type: 'a', _brightness: 100, _ext: 'png' });
    await put({ prefix: 'light', type: 'b', _contrast: -100, _ext: 'png' });
    const [light, grey] = await Promise.all(['a', 'b'].map((type) => get({ prefix: 'light', type })));
    expect(light!.bytes.equals(grey!.bytes)).toBe(false);
    expect((await put({ prefix: 'light', type: 'c', _brightness: 101 })).status).toBe(400);
    expect((await put({ prefix: 'light', type: 'c', _ext: 'jp2' })).json).toEqual({
      status: 400,
      message: 'images are jpg, png, gif, webp or avif',
    });
  });

  it('put again keeps the new picture only', async () => {
    await put({ prefix: 'again', type: 'a', acl_allow: 'all', descr: 'old' });
    await put({ prefix: 'again', type: 'a', _width: 7 });
    expect((await server.keys()).filter((key) => key.includes('/again/'))).toHaveLength(1);
    expect(server.value(`/icons/${ann.id}/again/a`)).toEqual(
      expect.objectContaining({ width: 7, blob: expect.any(String) }),
    );
    expect((await get({ prefix: 'again', type: 'a', id: ann.id }, bob)).status).toBe(404);
  });

  it('put where there are very many reads no more of them than an answer has, which has the new one', async () => {
    const rows = Array.from({ length: 1_100 }, (_, i) => [`a${String(i).padStart(4, '0')}`, { descr: 'x' }] as const);
    const value = Object.fromEntries(rows);
    const path = ['icons', bob.id, 'open'];
    server.backendjs.reconfigure(parseBackendjsSettings({ ...SETTINGS, 'icons-limit': 'few,2' }));
    await server.database.write({ principal: ADMIN, steps: [{ method: 'set', path, value }] });
    const reply = await put({ prefix: 'open', type: 'z' }, bob);
    expect(reply.json).toHaveLength(1_000);
    expect(reply.json.at(-1)).toMatchObject({ type: 'z', width: 1 });
    const select = async (params: Record<string, string | number>) =>
      (await server.client.get<IconRow[]>('/icon/select', { prefix: 'open', ...params }, { as: bob })).json;
    expect(await select({})).toHaveLength(999);
    expect((await select({ _count: 2, _page: 2 })).map(({ type }) => type)).toEqual(['a0002', 'a0003']);
    expect((await select({ _count: 1, _desc: 1 })).map(({ type }) => type)).toEqual(['z']);
    server.backendjs.reconfigure(parseBackendjsSettings(SETTINGS));
  });

  it('upload stores a picture without a row and says where it is', async () => {
    const reply = await server.client.post<IconRow>(
      '/icon/upload',
      { icon: ICON, prefix: 'open', type: 'u' },
      { as: ann },
    );
    expect(reply.json).toMatchObject({ url: `/image/open/${ann.id}/u.png`, width: 1, height: 1 });
    expect(server.value(`/icons/${ann.id}/open`)).toBeNull();
    expect((await server.client.get(reply.json.url)).headers['content-type']).toBe('image/png');
  });

  it('refuses what is missing, no image, no name or too much', async () => {
    expect((await put({ type: 'a' })).json).toMatchObject({ status: 400, message: 'prefix is required' });
    expect((await put({ prefix: 'p', icon: '' })).json).toMatchObject({ status: 400, message: 'Upload error' });
    expect((await put({ prefix: 'p', icon: Buffer.from('<svg/>').toString('base64') })).status).toBe(400);
    expect((await put({ prefix: 'p', icon: PNG.subarray(0, 40).toString('base64') })).status).toBe(400);
    for (const prefix of ['../x', 'a/b', 'message', 'a b']) expect((await put({ prefix })).status).toBe(400);
    expect((await put({ prefix: 'p', type: '../../x' })).status).toBe(400);
    expect((await put({ prefix: 'p', type: 'a', _ext: 'exe' })).status).toBe(400);
    const replies = await Promise.all(['1', '2', '3', '4'].map((type) => put({ prefix: 'few', type })));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 403, 403]);
    expect((await server.keys()).filter((key) => key.includes('/few/'))).toHaveLength(2);
    expect(server.value(`/icons/${ann.id}/p`)).toBeNull();
  });
});

describe('who may see an icon', () => {
  it.each([
    ['', [200, 404, 417]],
    ['all', [200, 200, 417]],
    ['auth', [200, 200, 417]],
    ['BOB', [200, 200, 417]],
    ['BOB,x', [200, 200, 417]],
    ['x | BOB', [200, 200, 417]],
    ['x,y', [200, 404, 417]],
  ])('with acl_allow %j: owner, another, nobody get %j', async (acl, statuses) => {
    await put({ prefix: 'acl', type: 'a', acl_allow: acl.replace('BOB', bob.id) });
    const params = { prefix: 'acl', type: 'a', id: ann.id };
    const replies = [await get(params), await get(params, bob), await server.client.get('/icon/get', params)];
    expect(replies.map(({ status }) => status)).toEqual(statuses);
    const image = `/image/acl/${ann.id}/a`;
    const byAddress = [{ as: ann }, { as: bob }, {}].map((asking) => server.client.get(image, {}, asking));
    expect((await Promise.all(byAddress)).map(({ status }) => status)).toEqual(statuses);
  });

  it('is everybody at the address of a prefix that the operator has opened', async () => {
    const [row] = (await put({ prefix: 'open', type: 'a' })).json;
    expect(row?.url).toBe(`/image/open/${ann.id}/a.png`);
    for (const suffix of ['', '.png', '.jpg', '.jpeg', '.gif']) {
      expect((await server.client.get(`/image/open/${ann.id}/a${suffix}`)).status).toBe(200);
    }
    expect((await server.client.get(`/image/open/${ann.id}/none`)).status).toBe(404);
    expect((await server.client.get(`/image/message/${ann.id}/a`, {}, { as: bob })).status).toBe(400);
  });
});

describe('icons of accounts', () => {
  it('are put, listed, shown, named in /account/get, and deleted', async () => {
    const { client } = server;
    const carol = await server.account('carol');
    const first = await client.post<IconRow[]>('/account/put/icon', { icon: ICON, _ext: 'jpg' }, { as: carol });
    expect(first.json).toEqual([expect.objectContaining({ type: '0', url: `/image/account/${carol.id}/0` })]);
    await client.post('/account/put/icon', { icon: ICON, type: 5, _ext: 'jpg', acl_allow: 'auth' }, { as: carol });
    const own = (await client.get('/account/get', {}, { as: carol })).json;
    expect(own).toMatchObject({ icon0: `/image/account/${carol.id}/0`, icon5: '/account/get/icon?type=5' });
    expect((await client.get(String(own.icon5), {}, { as: carol })).headers['content-type']).toBe('image/jpeg');

    const seen = await client.get<IconRow[]>('/account/select/icon', { id: carol.id }, { as: bob });
    expect(seen.json).toEqual([
      expect.objectContaining({ id: carol.id, type: '5', url: `/account/get/icon?type=5&id=${carol.id}` }),
    ]);
    expect((await client.get('/account/get/icon', { type: 5, id: carol.id }, { as: bob })).status).toBe(200);
    expect((await client.get('/account/get/icon', { id: carol.id }, { as: bob })).status).toBe(404);
    expect((await client.get('/account/get/icon', { type: 'zz' }, { as: carol })).status).toBe(400);

    expect((await client.get('/account/icon/del', { type: 5 }, { as: carol })).json).toEqual([]);
    expect((await client.get('/account/del/icon', {}, { as: carol })).json).toEqual([]);
    expect((await client.get<IconRow[]>('/account/select/icon', {}, { as: carol })).json).toEqual([]);
  });

  it('go with their account', async () => {
    const dave = await server.account('dave');
    await server.client.post('/account/put/icon', { icon: ICON }, { as: dave });
    await server.client.get('/account/del', {}, { as: dave });
    expect(server.value(`/icons/${dave.id}`)).toBeNull();
    expect((await server.keys()).filter((key) => key.includes(dave.id))).toEqual([]);
  });
});

describe('/message/image', () => {
  it('shows the picture of a message to its recipient and its sender', async () => {
    const { client } = server;
    const sent = await client.post<{ mtime: string }[]>('/message/add', { id: bob.id, icon: ICON }, { as: ann });
    const [message] = sent.json;
    const [received] = (await client.get<{ data: { icon: string }[] }>('/message/get', {}, { as: bob })).json.data;
    expect(received?.icon).toBe(`/message/image?sender=${ann.id}&mtime=${message?.mtime}`);
    expect((await client.get(String(received?.icon), {}, { as: bob })).headers['content-type']).toBe('image/png');
    expect((await client.get(String(received?.icon), {}, { as: ann })).status).toBe(200);
    const carl = await server.account('carl');
    expect((await client.get(String(received?.icon), {}, { as: carl })).status).toBe(404);
    await client.get('/message/del', { sender: ann.id, mtime: String(message?.mtime) }, { as: bob });
    expect((await client.get(String(received?.icon), {}, { as: bob })).status).toBe(404);
    expect((await server.keys()).filter((key) => key.includes('/message/'))).toEqual([]);
  });

  it('says what is missing', async () => {
    expect((await server.client.get('/message/image', {}, { as: ann })).json).toEqual({
      status: 400,
      message: 'sender is required',
    });
    expect((await server.client.get('/message/image', { sender: ann.id }, { as: ann })).status).toBe(400);
  });
});

describe('without a place for media', () => {
  it('there are no such endpoints', async () => {
    const bare = await startLegacy();
    const account = await bare.account('ann');
    expect((await bare.client.get('/account/select/icon', {}, { as: account })).status).toBe(404);
    await bare.close();
  });
});

function multipart(fields: Record<string, string>, file: Buffer): { type: string; body: Buffer } {
  const boundary = 'b0undary';
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="icon"; filename="my face.png"\r\nContent-Type: image/png\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(parts.join('') + head), file, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return { type: `multipart/form-data; boundary=${boundary}`, body };
}
