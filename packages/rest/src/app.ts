import type { RequestListener } from 'node:http';
import { BacksideError } from '@backside/protocol';
import express from 'express';
import { authEndpoints } from './auth/auth-endpoints.js';
import { crossOrigin } from './cors.js';
import { serveEndpoints } from './endpoint.js';
import { errorReply } from './error-reply.js';
import { securityHeaders } from './headers.js';
import { createFindDatabase } from './request-database.js';
import type { RestOptions } from './rest-options.js';
import { explainEndpoints } from './settings/explain-endpoints.js';
import { rulesEndpoints } from './settings/rules-endpoints.js';
import { simulateEndpoint } from './settings/simulate-endpoint.js';

/** The HTTP edge as a handler of requests. It opens no port; every request that it is given is answered, unknown ones with 404. */
export function createRest(options: RestOptions): RequestListener {
  const { publicUrl, allowedOrigins = [], logger } = options;
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.enable('case sensitive routing').enable('strict routing');
  app.set('query parser', 'simple');
  app.set('trust proxy', options.trustedProxies ?? false);
  app.use(securityHeaders(publicUrl), crossOrigin(publicUrl, allowedOrigins));
  const { auth, operator = false } = options;
  const context = { findDatabase: createFindDatabase(options.databases), auth, operator };
  serveEndpoints(
    app,
    [...authEndpoints(options), ...rulesEndpoints(options), simulateEndpoint(options), ...explainEndpoints(options)],
    context,
  );
  app.use((request) => {
    throw new BacksideError('not-found', `nothing answers ${request.method} here`);
  });
  app.use(errorReply(logger));
  return app;
}
