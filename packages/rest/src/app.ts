import type { RequestListener } from 'node:http';
import { BacksideError } from '@backside/protocol';
import express from 'express';
import { authEndpoints } from './auth/auth-endpoints.js';
import { createOriginPolicy, crossOrigin } from './cors.js';
import { serveEndpoints } from './endpoint.js';
import { errorReply } from './error-reply.js';
import { securityHeaders } from './headers.js';
import { jobsEndpoints } from './jobs/jobs-endpoints.js';
import { serveMedia } from './media/media-routes.js';
import { serveOpenApi } from './openapi/serve-openapi.js';
import { createChooseDatabase, createFindDatabase } from './request-database.js';
import type { RestOptions } from './rest-options.js';
import { explainEndpoints } from './settings/explain-endpoints.js';
import { rulesEndpoints } from './settings/rules-endpoints.js';
import { simulateEndpoint } from './settings/simulate-endpoint.js';
import { Tree } from './tree/tree.js';
import { isShared } from './tree/tree-url.js';

/** The HTTP edge as a handler of requests. It opens no port; every request that it is given is answered, unknown ones with 404. */
export interface Rest extends RequestListener {
  /** Ends the answers that would not end by themselves. */
  close(): void;
}

const NO_SUFFIX = 'append .json to your request URI to use the REST API';

/** Nodes of the tree are served without express, whose share of a small request would be the largest. */
export function createRest(options: RestOptions): Rest {
  const tree = new Tree(options);
  const app = createApp(options, tree);
  const listener: RequestListener = (request, response) => {
    if (isShared(request.url ?? '') || !tree.serve(request, response)) app(request, response);
  };
  return Object.assign(listener, { close: () => tree.close() });
}

/** Everything else, and the nodes whose URLs could have been something else. */
function createApp(options: RestOptions, tree: Tree): RequestListener {
  const { publicUrl, allowedOrigins = [], logger } = options;
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.enable('case sensitive routing').enable('strict routing');
  app.set('query parser', 'simple');
  app.set('trust proxy', options.trustedProxies ?? false);
  app.use(securityHeaders(publicUrl), crossOrigin(createOriginPolicy(publicUrl, allowedOrigins)));
  const { auth, operator = false } = options;
  const context = { findDatabase: createFindDatabase(createChooseDatabase(options.databases)), auth, operator };
  const endpoints = [
    ...authEndpoints(options),
    ...rulesEndpoints(options),
    simulateEndpoint(options),
    ...explainEndpoints(options),
    ...jobsEndpoints(options.jobs ?? (() => null)),
  ];
  serveEndpoints(app, endpoints, context);
  serveOpenApi(app, endpoints, { docs: options.docs ?? options.development, publicUrl });
  serveMedia(app, context, options.media ?? (() => null));
  app.use((request, response, next) => {
    if (!tree.serve(request, response)) next();
  });
  app.use((request) => {
    const isReserved = /^\/(?:auth\/|\.)/.test(request.path);
    throw new BacksideError('not-found', isReserved ? `nothing answers ${request.method} here` : NO_SUFFIX);
  });
  app.use(errorReply(logger));
  return app;
}
