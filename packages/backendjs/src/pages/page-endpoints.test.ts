import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADMIN } from '@backside/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseBackendjsSettings } from '../settings.js';
import type { TestAccount } from '../testing/legacy-fixture.js';
import { type LegacyMediaFixture, startLegacyWithMedia } from '../testing/legacy-media.js';
import { watchTree } from '../testing/tree-watch.js';

const SETTINGS = { 'api-allow-anonymous': ['^/pages/(get|select|show|file)'] };

interface Page {
  readonly id: string;
  readonly title: string;
  readonly content: string;
  readonly [column: string]: unknown;
}

let server: LegacyMediaFixture;
let ann: TestAccount;

beforeAll(async () => {
  server = await startLegacyWithMedia({ settings: SETTINGS });
  ann = await server.account('ann');
});
afterAll(() => server.close());

const put = (id: string, params: Record<string, string | number>) =>
  server.client.post<Page>(`/pages/put${id === '' ? '' : `/${id}`}`, params, { as: ann });

describe('/pages', () => {
  it('put, get and del a page, each as one commit', async () => {
    const watch = await watchTree(server.database, '/pages');
    const { json } = await put('', { title: 'First', subtitle: 's', content: '# Hello', toc: 1, unknown: 'x' });
    expect(json.id).toMatch(/^[0-9a-f]{32}$/);
    expect(server.value(`/pages/${json.id}`)).toEqual(
      expect.objectContaining({ title: 'First', subtitle: 's', content: '# Hello', toc: true, userid: ann.id }),
    );
    expect((await server.client.get<Page>(`/pages/get/${json.id}`, {}, { as: ann })).json).toEqual(json);
    expect(json).not.toHaveProperty('unknown');
    expect((await server.client.get(`/pages/del/${json.id}`, {}, { as: ann })).json).toEqual([]);
    expect(watch.changes).toHaveLength(2);
    watch.end();
    expect(server.value(`/pages/${json.id}`)).toBeNull();
    const gone = await server.client.get(`/pages/get/${json.id}`, {}, { as: ann });
    expect([gone.status, gone.json]).toEqual([404, { status: 404, message: 'no page found' }]);
  });

  it('get renders when it is asked to', async () => {
    await put('rendered', { title: 'T', content: '# One\n\n## Two\n\n<script>x</script>', toc: 1 });
    const page = (await server.client.get<Page>('/pages/get/rendered', { _render: 1 }, { as: ann })).json;
    expect(page.content).toContain('<a href="#h-two">Two</a>');
    expect(page.content).toContain('<h1 id="h-one">One</h1>');
    expect(page.content).toContain('&lt;script&gt;');
  });

  it('has a main page, made or not', async () => {
    const main = await server.client.get<Page>('/pages/get', {}, { as: ann });
    expect(main.json).toMatchObject({ id: '1', content: '' });
    await put('1', { title: 'Welcome', content: 'here' });
    expect((await server.client.get<Page>('/pages/get', {}, { as: ann })).json.title).toBe('Welcome');
  });

  it('asks for a title, and content or a link', async () => {
    expect((await put('', { content: 'x' })).json).toEqual({ status: 400, message: 'title is required' });
    expect((await put('', { title: 'x' })).json).toEqual({ status: 400, message: 'content or link is required' });
    expect((await server.client.post('/pages/put', { title: 'x', content: 'y' })).status).toBe(417);
    expect((await server.client.get('/pages/del/x')).status).toBe(417);
  });

  it('show is a document that runs nothing', async () => {
    await put('shown', { title: '<b>T</b>', content: '[x](javascript:alert(1)) <img src=x onerror=alert(1)>', toc: 1 });
    const { headers, text } = await server.client.get('/pages/show/shown', {}, { as: ann });
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(text).toContain('<title>&lt;b&gt;T&lt;/b&gt;</title>');
    expect(text).not.toMatch(/<img|href="javascript/);
    await put('linked', { title: 'L', link: 'https://example.com/a?b=1&c=2' });
    expect((await server.client.get('/pages/show/linked', {}, { as: ann })).text).toContain(
      '<a href="https://example.com/a?b=1&amp;c=2">',
    );
    await put('unsafe', { title: 'L', link: 'javascript:alert(1)' });
    expect((await server.client.get('/pages/show/unsafe', {}, { as: ann })).text).not.toContain('<a ');
  });

  it('is shown in the document of the operator, which may have styles but runs nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'legacy-pages-'));
    const view = join(folder, 'view.html');
    await writeFile(view, '<style>b{}</style><title>@TITLE@ - Ours</title><nav>@TOC@</nav>@CONTENT@');
    await put('viewed', { title: '@CONTENT@', content: '# $& One', toc: 1 });
    server.backendjs.reconfigure(parseBackendjsSettings({ ...SETTINGS, 'pages-view': view }));
    const { text, headers } = await server.client.get('/pages/show/viewed', {}, { as: ann });
    server.backendjs.reconfigure(parseBackendjsSettings(SETTINGS));
    expect(text).toContain('<style>b{}</style><title>@CONTENT@ - Ours</title><nav><ul class="toc">');
    expect(text).toContain('<h1 id="h-one">$&amp; One</h1>');
    const policy = headers['content-security-policy'];
    expect(policy).toMatch(/default-src 'none'.*style-src 'self'/);
    expect(policy).not.toContain('script-src');
    await writeFile(view, 'no place');
    expect(() => parseBackendjsSettings({ 'pages-view': view })).toThrow('pages-view has no');
    await rm(folder, { recursive: true });
    expect(() => parseBackendjsSettings({ 'pages-view': view })).toThrow('pages-view cannot be read');
  });

  it('guests see those that are for everybody', async () => {
    await put('public', { title: 'Public', content: 'x', pub: 1 });
    await put('private', { title: 'Private', content: 'x' });
    expect((await server.client.get('/pages/get/public')).status).toBe(200);
    expect((await server.client.get('/pages/show/public')).status).toBe(200);
    for (const path of ['/pages/get/private', '/pages/show/private']) {
      const refused = await server.client.get(path);
      expect([refused.status, refused.json]).toEqual([400, { status: 400, message: 'Access to page denied' }]);
    }
    const titles = async (params: Record<string, string>, asking = {}) =>
      (await server.client.get<Page[]>('/pages/select', params, asking)).json.map(({ title }) => title);
    expect(await titles({})).toEqual(['Public']);
    expect(await titles({ title: 'P', _ops: 'title,begins_with' }, { as: ann })).toEqual(['Private', 'Public']);
    expect(await titles({ pub: '0', id: 'private' })).toEqual([]);
    expect(await titles({ pub: '1' }, { as: ann })).toEqual(['Public']);
    await server.database.write({
      principal: ADMIN,
      steps: [{ method: 'set', path: ['pages', 'tree'], value: { title: 'Tree', pub: 1 } }],
    });
    expect(await titles({})).toEqual(['Public', 'Tree']);
    expect((await server.client.get('/pages/get/tree')).status).toBe(200);
  });

  it('are listed some at a time, in the order that is asked for', async () => {
    const many = Array.from({ length: 70 }, (_, i) => ({
      title: `T${String(70 - i).padStart(2, '0')}`,
      subtitle: 'many',
    }));
    const steps = many.map((value, i) => ({
      method: 'set' as const,
      path: ['pages', `m${String(i).padStart(2, '0')}`],
      value,
    }));
    await server.database.write({ principal: ADMIN, steps });
    const ids = async (params: Record<string, string | number>) =>
      (await server.client.get<Page[]>('/pages/select', { subtitle: 'many', ...params }, { as: ann })).json.map(
        ({ id }) => id,
      );
    expect(await ids({})).toHaveLength(32);
    expect(await ids({ _count: 30, _page: 3 })).toEqual(many.slice(60).map((_, i) => `m${60 + i}`));
    expect(await ids({ _count: 2, _desc: 1 })).toEqual(['m69', 'm68']);
    expect(await ids({ _count: 2, _sort: 'title' })).toEqual(['m69', 'm68']);
    expect(await ids({ _count: 0 })).toHaveLength(70);
  });

  it('shows files of Markdown, and others as they are', async () => {
    const file = (name: string, data: string) =>
      server.client.post('/file/put', { prefix: 'pages', name, data, _encoding: 'utf8' }, { as: ann });
    await file('guide.md', '# Guide\n\n<script>');
    await file('plain.txt', '# text');
    const page = await server.client.get('/pages/file/guide.md');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.text).toContain('<title>Guide</title>');
    expect(page.text).not.toContain('<script>');
    expect((await server.client.get('/pages/file/guide.md', { _raw: 1 })).text).toBe('# Guide\n\n<script>');
    expect((await server.client.get('/pages/file/plain.txt')).text).toBe('# text');
    expect((await server.client.get('/pages/file/none.md')).status).toBe(404);
    expect((await server.client.get('/pages/file/..%2Fx.md')).status).toBe(400);
  });
});
