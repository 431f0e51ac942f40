/** One JSON value in memory, read and replaced over HTTP: by express (`express`), or by a bare handler of Node (`node`). */
import { createServer, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import express from 'express';
import { serve } from './serve.js';

let leaf: unknown = 'x';

function expressRoutes(): RequestListener {
  const app = express();
  app.disable('etag').disable('x-powered-by');
  app.get('/leaf', (_request, response) => {
    response.json(leaf);
  });
  app.put('/leaf', express.json({ strict: false, type: () => true }), (request, response) => {
    leaf = request.body as unknown;
    response.json(leaf);
  });
  return app;
}

const bareHandler: RequestListener = async (request, response) => {
  if (request.method === 'PUT') leaf = JSON.parse(await text(request));
  const body = JSON.stringify(leaf);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
};

serve(createServer(process.argv[2] === 'express' ? expressRoutes() : bareHandler));
