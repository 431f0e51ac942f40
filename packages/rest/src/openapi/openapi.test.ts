import { expect, onTestFinished, test } from 'vitest';
import { startMediaServer } from '../media/testing/media-server.js';
import { ask, startServer } from '../testing/rest-fixture.js';

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly summary: string;
  readonly security: readonly unknown[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: unknown }>> };
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
}

test('the document has every route, with who may call it', async () => {
  const { status, json } = await ask<Document>(await startServer(), 'GET /openapi.json');
  expect(status).toBe(200);
  expect(json.openapi).toBe('3.1.0');
  expect(Object.keys(json.paths['/{path}.json']!)).toEqual(['get', 'put', 'patch', 'post', 'delete']);
  expect(json.paths['/auth/login']!.post!.security).toEqual([]);
  expect(json.paths['/auth/users/{uid}']!.delete!.security).toEqual([{ bearer: [] }]);
  expect(json.paths['/.settings/rules.json']!.put).toBeDefined();
});

test('jobs, files and uploads are in it, by all their methods', async () => {
  const { json } = await ask<Document>(await startServer(), 'GET /openapi.json');
  const methodsOf = (path: string): string[] => Object.keys(json.paths[path] ?? {});
  expect(methodsOf('/.media/{path}')).toEqual(['get', 'head', 'put', 'delete']);
  expect(methodsOf('/.uploads')).toEqual(['options', 'post']);
  expect(methodsOf('/.uploads/{id}')).toEqual(['head', 'patch', 'delete']);
  expect(methodsOf('/.jobs')).toEqual(['post', 'get']);
  expect(methodsOf('/.jobs/queues/{queue}/dead/{id}')).toEqual(['delete']);
  const inQuery = json.paths['/.media/{path}']!.get!.parameters.filter((parameter) => parameter.in === 'query');
  expect(inQuery.map(({ name }) => name)).toEqual(expect.arrayContaining(['width', 'format', 'download']));
  expect(json.paths['/.jobs']!.post!.requestBody!.content['application/json']!.schema).toMatchObject({
    properties: { name: {}, delayMs: {}, uniqueKey: {} },
    required: ['name'],
  });
  expect(json.paths['/.jobs/{id}']!.get!.summary).toBe('What became of a job');
});

test('what it says of files is served', async () => {
  const server = await startMediaServer();
  onTestFinished(() => server.close());
  const { json } = await ask<Document>(server, 'GET /openapi.json');
  for (const [path, operations] of Object.entries(json.paths)) {
    if (!/^\/\.(media|uploads)/.test(path)) continue;
    for (const method of Object.keys(operations)) {
      const url = path.replace(/\{\w+\}/, 'nothing');
      const { status, text } = await ask(server, `${method.toUpperCase()} ${url}`);
      expect({ path, method, status, text }).not.toMatchObject({ status: 405 });
      expect(text).not.toContain('nothing answers');
    }
  }
});

test('every parameter in a path is described', async () => {
  const { json } = await ask<Document>(await startServer(), 'GET /openapi.json');
  for (const [path, operations] of Object.entries(json.paths)) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    for (const { parameters, summary } of Object.values(operations)) {
      expect(parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)).toEqual(names);
      expect(summary).not.toBe('');
    }
  }
});

test('the page to try it is there in development, or if it is asked for', async () => {
  expect(await ask(await startServer(), 'GET /docs')).toMatchObject({ status: 404 });
  for (const rest of [{ development: true }, { docs: true }]) {
    const { status, headers, text } = await ask(await startServer({ rest }), 'GET /docs');
    expect(status).toBe(200);
    expect(text).toContain('openapi.json');
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'sha256-[^']+'; /);
  }
  expect(await ask(await startServer({ rest: { development: true, docs: false } }), 'GET /docs')).toMatchObject({
    status: 404,
  });
});
