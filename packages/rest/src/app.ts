import type { RequestListener } from 'node:http';
import { NO_QUOTA, Quotas } from '@backside/auth';
import { closeWithConnection } from '@backside/media';
import { BacksideError, HEADERS } from '@backside/protocol';
import express, { type Response } from 'express';
import { authEndpoints } from './auth/auth-endpoints.js';
import { createOriginPolicy, crossOrigin } from './cors.js';
import { type Endpoint, serveEndpoints } from './endpoint.js';
import { errorReply } from './error-reply.js';
import { securityHeaders } from './headers.js';
import { inTurn } from './in-turn.js';
import { functionsEndpoints } from './jobs/functions-endpoints.js';
import { jobsEndpoints } from './jobs/jobs-endpoints.js';
import { serveMedia } from './media/media-routes.js';
import { serveOpenApi } from './openapi/serve-openapi.js';
import { sendReply } from './reply.js';
import { createChooseDatabase, createFindDatabase } from './request-database.js';
import type { RestOptions } from './rest-options.js';
import { coverageEndpoints } from './settings/coverage-endpoints.js';
import { createFindSettings, type FindSettings } from './settings/database-settings.js';
import { explainEndpoints } from './settings/explain-endpoints.js';
import { rulesEndpoints } from './settings/rules-endpoints.js';
import { settingsEndpoints } from './settings/settings-endpoints.js';
import { simulateEndpoint } from './settings/simulate-endpoint.js';
import { Tree } from './tree/tree.js';
import { isShared } from './tree/tree-url.js';

/** The HTTP edge as a handler of requests. It opens no port; every request that it is given is answered, unknown ones with 404. */
export interface Rest extends RequestListener {
  /** Ends the answers that would not end by themselves. */
  close(): void;
}

/** What the interfaces have in common. */
interface Parts {
  readonly tree: Tree;
  readonly quotas: Quotas;
  readonly settings: FindSettings;
}

/** Nodes of the tree are served without express, whose share of a small request would be the largest. */
export function createRest(options: RestOptions): Rest {
  const quotas = options.quotas ?? new Quotas({ perUser: NO_QUOTA, perAddress: NO_QUOTA }, options.now);
  const settings = createFindSettings(options.settings);
  const tree = new Tree(options, { quotas, settings });
  const app = createApp(options, { tree, quotas, settings });
  const listener: RequestListener = (request, response) => {
    closeWithConnection(request, response);
    inTurn(request, response, () => {
      if (isShared(request.url ?? '') || !tree.serve(request, response)) app(request, response);
    });
  };
  return Object.assign(listener, { close: () => tree.close() });
}

/** Everything else, and the nodes whose URLs could have been something else. */
function createApp(options: RestOptions, { tree, quotas, settings }: Parts): RequestListener {
  const { publicUrl, allowedOrigins = [], logger, now } = options;
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.enable('case sensitive routing').enable('strict routing');
  app.set('query parser', 'simple');
  app.set('trust proxy', options.trustedProxies ?? false);
  app.use(securityHeaders(publicUrl), crossOrigin(createOriginPolicy(publicUrl, allowedOrigins)));
  const { auth, operator = false } = options;
  const findDatabase = createFindDatabase(createChooseDatabase(options.databases));
  const context = { findDatabase, auth, operator, quotas, now };
  const endpoints = endpointsOf(options, settings);
  serveEndpoints(app, endpoints, context);
  serveOpenApi(app, endpoints, { docs: options.docs ?? options.development, publicUrl });
  serveMedia(app, context, options.media ?? (() => null));
  app.use((request, response, next) => {
    if (!tree.serve(request, response)) next();
  });
  app.use((request, response) => {
    if (!/^\/(?:auth\/|\.)/.test(request.path)) return answerNoSuffix(response);
    throw new BacksideError('not-found', `nothing answers ${request.method} here`);
  });
  app.use(errorReply(logger));
  return app;
}

function endpointsOf(options: RestOptions, settings: FindSettings): readonly Endpoint[] {
  return [
    ...authEndpoints(options),
    ...rulesEndpoints(options),
    simulateEndpoint(options),
    ...coverageEndpoints(options),
    ...settingsEndpoints(settings),
    ...explainEndpoints(options),
    ...jobsEndpoints(options.jobs ?? (() => null)),
    ...functionsEndpoints(options.functions ?? (() => null)),
  ];
}

/** As Firebase does: whoever calls so has a node in mind. */
function answerNoSuffix(response: Response): void {
  const error = 'append .json to your request URI to use the REST API';
  sendReply(response, { status: 404, headers: { [HEADERS.code]: 'not-found' }, json: { error } });
}
