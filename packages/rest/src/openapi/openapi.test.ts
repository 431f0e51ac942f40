import { expect, test } from 'vitest';
import { ask, startServer } from '../testing/rest-fixture.js';

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly summary: string;
  readonly security: readonly unknown[];
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
