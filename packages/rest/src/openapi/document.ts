import type { Endpoint } from '../endpoint.js';
import { TREE_METHODS, type TreeMethod } from '../tree/method.js';
import { TREE_PARAMETERS } from '../tree/tree-parameters.js';

type Json = Readonly<Record<string, unknown>>;

const BEARER = [{ bearer: [] }];
const JSON_BODY = { content: { 'application/json': { schema: {} } } };

/** What the tree refuses, and all else refuses. */
const SCHEMAS = {
  Refusal: { type: 'object', properties: { error: { type: 'string' } } },
  Error: {
    type: 'object',
    properties: {
      error: {
        type: 'object',
        properties: { code: { type: 'string' }, message: { type: 'string' }, trace: { type: 'string' } },
      },
    },
  },
};

/** The interface as an OpenAPI 3.1 document, made of the same tables as the routes. */
export function openApiDocument(endpoints: readonly Endpoint[], publicUrl: URL): Json {
  const paths: Record<string, Record<string, Json>> = { '/{path}.json': treeOperations() };
  for (const endpoint of endpoints) {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method]: operationOf(endpoint) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Backside', version: '1' },
    servers: [{ url: publicUrl.origin }],
    paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } }, schemas: SCHEMAS },
  };
}

function treeOperations(): Record<string, Json> {
  const operations: Record<string, Json> = {};
  for (const [name, method] of TREE_METHODS) operations[name.toLowerCase()] = treeOperation(name, method);
  return operations;
}

function treeOperation(name: string, { summary, hasBody, answer }: TreeMethod): Json {
  const path = { name: 'path', in: 'path', required: true, schema: { type: 'string' }, example: 'users/bob' };
  const inQuery = Object.entries(TREE_PARAMETERS).map(([parameter, about]) => ({
    name: parameter,
    in: 'query',
    ...about,
  }));
  return {
    tags: ['tree'],
    summary,
    parameters: [path, ...inQuery, ...headersOf(name)],
    ...(hasBody && { requestBody: { required: true, ...JSON_BODY } }),
    security: [{}, ...BEARER],
    responses: {
      200: { description: answer, ...JSON_BODY },
      default: refusal('Refusal'),
    },
  };
}

function headersOf(method: string): Json[] {
  const header = (name: string, description: string): Json => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  });
  const etag = header('X-Firebase-ETag', '`true` to be told the ETag');
  if (method !== 'GET') return [etag, header('If-Match', 'Write only if the node has this ETag')];
  return [
    etag,
    header('If-None-Match', 'Answer 304 if the node has this ETag'),
    header('Accept', '`text/event-stream` to listen'),
    header('Last-Event-ID', 'With it: where to go on'),
  ];
}

const WHO: Readonly<Record<Endpoint['access'], string>> = {
  anyone: 'For anyone',
  optional: 'For anyone; knows more of who has a token',
  account: 'For accounts',
  admin: 'For admins',
};

function operationOf({ method, path, access }: Endpoint): Json {
  const names = [...path.matchAll(/:(\w+)/g)].map((match) => match[1]);
  const hasBody = method === 'post' || method === 'put' || method === 'patch';
  return {
    tags: [path.split('/')[1]?.replace(/^\./, '')],
    summary: WHO[access],
    parameters: names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...(hasBody && { requestBody: JSON_BODY }),
    security: access === 'anyone' ? [] : access === 'optional' ? [{}, ...BEARER] : BEARER,
    responses: { '2XX': { description: 'Done', ...JSON_BODY }, default: refusal('Error') },
  };
}

function refusal(schema: keyof typeof SCHEMAS): Json {
  const reference = { schema: { $ref: `#/components/schemas/${schema}` } };
  return { description: 'Refused', content: { 'application/json': reference } };
}
