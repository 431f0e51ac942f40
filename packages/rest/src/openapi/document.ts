import type { Endpoint } from '../endpoint.js';
import type { Shape } from '../fields.js';
import { TREE_METHODS, type TreeMethod } from '../tree/method.js';
import { TREE_PARAMETERS } from '../tree/tree-parameters.js';
import { MEDIA_PATHS } from './media-paths.js';

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
  const paths: Record<string, Record<string, Json>> = { '/{path}.json': treeOperations(), ...mediaOperations() };
  for (const endpoint of endpoints) {
    const path = templateOf(endpoint.path);
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
  const etag = { 'X-Firebase-ETag': '`true` to be told the ETag' };
  if (method !== 'GET') return textsIn('header', { ...etag, 'If-Match': 'Write only if the node has this ETag' });
  return textsIn('header', {
    ...etag,
    'If-None-Match': 'Answer 304 if the node has this ETag',
    Accept: '`text/event-stream` to listen',
    'Last-Event-ID': 'With it: where to go on',
  });
}

/** Of files, which are served without endpoints. */
function mediaOperations(): Record<string, Record<string, Json>> {
  const operationsOf = (path: string): Record<string, Json> =>
    Object.fromEntries(
      Object.entries(MEDIA_PATHS[path]!).map(([method, { summary, query, headers, ...about }]) => [
        method,
        {
          tags: ['media'],
          summary,
          parameters: [...namesIn(path), ...textsIn('query', query), ...textsIn('header', headers)],
          security: [{}, ...BEARER],
          responses: { '2XX': { description: about.answer }, default: refusal('Error') },
          ...(about.takesBytes && { requestBody: { required: true, content: { '*/*': {} } } }),
        },
      ]),
    );
  return Object.fromEntries(Object.keys(MEDIA_PATHS).map((path) => [path, operationsOf(path)]));
}

/** The parts of a path that a request names. */
function namesIn(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => ({
    name: match[1],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function textsIn(place: 'query' | 'header', about: Readonly<Record<string, string>> = {}): Json[] {
  return Object.entries(about).map(([name, description]) => ({
    name,
    in: place,
    description,
    schema: { type: 'string' },
  }));
}

const WHO: Readonly<Record<Endpoint['access'], string>> = {
  anyone: 'For anyone',
  optional: 'For anyone; knows more of who has a token',
  account: 'For accounts',
  admin: 'For admins',
};

function operationOf({ method, path, access, summary, query, body }: Endpoint): Json {
  const hasBody = method === 'post' || method === 'put' || method === 'patch';
  return {
    tags: [path.split('/')[1]?.replace(/^\./, '')],
    summary: summary ?? WHO[access],
    description: WHO[access],
    parameters: [...namesIn(templateOf(path)), ...textsIn('query', query)],
    ...(hasBody && { requestBody: body === undefined ? JSON_BODY : objectBody(body) }),
    security: access === 'anyone' ? [] : access === 'optional' ? [{}, ...BEARER] : BEARER,
    responses: { '2XX': { description: 'Done', ...JSON_BODY }, default: refusal('Error') },
  };
}

function objectBody(shape: Shape): Json {
  const fields = Object.entries(shape);
  const properties = Object.fromEntries(fields.map(([name]) => [name, {}]));
  const required = fields.filter(([, { optional }]) => !optional).map(([name]) => name);
  return { content: { 'application/json': { schema: { type: 'object', properties, required } } } };
}

/** A path of express as OpenAPI writes it. */
function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function refusal(schema: keyof typeof SCHEMAS): Json {
  const reference = { schema: { $ref: `#/components/schemas/${schema}` } };
  return { description: 'Refused', content: { 'application/json': reference } };
}
