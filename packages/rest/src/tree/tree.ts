import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Auth, Quota, type Quotas } from '@backside/auth';
import { ADMIN, type Logger, NOBODY, type Principal } from '@backside/protocol';
import { createClientAddress } from '../client-address.js';
import { createOriginPolicy, type OriginPolicy } from '../cors.js';
import { headersOfAll } from '../headers.js';
import { chargeWhoAsks } from '../request-charge.js';
import { type ChooseDatabase, createChooseDatabase } from '../request-database.js';
import type { RestOptions } from '../rest-options.js';
import type { FindSettings } from '../settings/database-settings.js';
import { ignoreBody } from './body.js';
import { sendNothing, sendText, type TreeCall } from './call.js';
import { overridden, prove, tokenOf } from './credential.js';
import { methodOf } from './method.js';
import { parseParameters, textOf } from './parameters.js';
import { type Refusal, refusalOf } from './refusal.js';
import { Streams } from './streams.js';
import { DEFAULT_TREE_LIMITS, type TreeLimits } from './tree-limits.js';
import { parseTreeUrl, pathOf, type TreeUrl } from './tree-url.js';

/** The nodes of all databases over HTTP, as `/path.json`, as Firebase serves them. */
export class Tree {
  readonly #limits: TreeLimits;
  readonly #streams: Streams;
  readonly #quotas: Quotas;
  readonly #settings: FindSettings;
  readonly #judge: OriginPolicy;
  readonly #anyPageMayCall: boolean;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #chooseDatabase: ChooseDatabase;
  readonly #addressOf: (request: IncomingMessage) => string;
  readonly #auth: RestOptions['auth'];
  readonly #operator: Principal;
  readonly #logger: Logger;
  readonly #now: () => number;

  constructor(options: RestOptions, { quotas, settings }: SharedParts) {
    const { publicUrl, allowedOrigins = [], trustedProxies = [], operator = false } = options;
    this.#limits = { ...DEFAULT_TREE_LIMITS, ...options.tree };
    this.#streams = new Streams(this.#limits, options.now);
    this.#quotas = quotas;
    this.#settings = settings;
    this.#judge = createOriginPolicy(publicUrl, allowedOrigins);
    this.#anyPageMayCall = allowedOrigins === '*';
    this.#headers = headersOfAll(publicUrl);
    this.#chooseDatabase = createChooseDatabase(options.databases);
    this.#addressOf = createClientAddress(trustedProxies);
    this.#auth = options.auth;
    this.#operator = operator ? ADMIN : NOBODY;
    this.#logger = options.logger;
    this.#now = options.now;
  }

  /** Answers the request; returns false, with nothing done, if its URL names no node. */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    const url = parseTreeUrl(request.url ?? '');
    if (url === null) return false;
    void this.#answer(url, request, response);
    return true;
  }

  /** Ends all event streams. */
  close(): void {
    this.#streams.close();
  }

  /** Never rejects. */
  async #answer(url: TreeUrl, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const verdict = this.#judge(request);
    const exchange = { request, response, headers: { ...this.#headers, ...verdict.headers } };
    try {
      if (verdict.refused) refuse(exchange, FOREIGN_PAGE);
      else if (request.method === 'OPTIONS') sendNothing(exchange);
      else await this.#perform(url, exchange);
    } catch (error) {
      refuse(exchange, refusalOf(error, this.#logger));
    }
  }

  async #perform(url: TreeUrl, exchange: Exchange): Promise<void> {
    const method = methodOf(exchange.request, url.query);
    if (method === null) return refuse(exchange, METHOD_NOT_ALLOWED);
    const address = this.#addressOf(exchange.request);
    const quota = new Quota(this.#quotas, address);
    try {
      await method.serve(await this.#admit(url, { ...exchange, address, quota }));
    } finally {
      quota.end();
    }
  }

  /** Rejects before a body is read. */
  async #admit(url: TreeUrl, exchange: Metered): Promise<TreeCall> {
    const { request } = exchange;
    const database = this.#chooseDatabase(url.query.ns, request.headers.host);
    const auth = this.#auth(database);
    const credential = await this.#identify(auth, url, exchange);
    return {
      ...exchange,
      path: pathOf(url),
      parameters: parseParameters(url.query),
      database,
      auth,
      credential,
      principal: overridden(credential, textOf(url.query, 'auth_variable_override')),
      anyPageMayCall: this.#anyPageMayCall,
      limits: this.#limits,
      settings: this.#settings(database),
      streams: this.#streams,
      now: this.#now,
    };
  }

  #identify(auth: Auth, { query }: TreeUrl, { request, address, quota }: Metered): Promise<Principal> {
    const { maxBodyBytes } = this.#limits;
    const now = this.#now;
    return chargeWhoAsks(quota, { request, database: auth.database, maxBodyBytes, now }, async () => {
      if (this.#operator.kind === 'admin') return this.#operator;
      const token = tokenOf(request, query);
      return token === null ? NOBODY : prove(auth, token, { address, now: now() });
    });
  }
}

/** What the tree has in common with the other interfaces. */
interface SharedParts {
  readonly quotas: Quotas;
  readonly settings: FindSettings;
}

type Exchange = Pick<TreeCall, 'request' | 'response' | 'headers'>;
type Metered = Exchange & Pick<TreeCall, 'address' | 'quota'>;

const FOREIGN_PAGE: Refusal = { status: 403, text: 'pages of this origin may not call', headers: {} };

const METHOD_NOT_ALLOWED: Refusal = {
  status: 405,
  text: 'Method not allowed',
  headers: { allow: 'GET, HEAD, PUT, PATCH, POST, DELETE, OPTIONS' },
};

/** Answers `{"error": "…"}`; cuts the connection where an answer has begun. */
function refuse(exchange: Exchange, { status, text, headers }: Refusal): void {
  const { request, response } = exchange;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  sendText(exchange, JSON.stringify({ error: text }), { status, headers });
  ignoreBody(request);
}
