import { claimedLogin, pathOf, type UsedSignatures } from '@backside/auth';
import type { Need } from '../access/access-lists.js';
import type { RateLimits } from '../access/rate-limits.js';
import type { CompiledSettings } from '../compiled-settings.js';
import type { BackendjsContext } from '../context.js';
import type { LegacyAccount } from '../credentials/legacy-account.js';
import type { LegacyHook } from '../hook.js';
import { authenticate, type ReceivedRequest, signedRequestOf, verifierSettings } from '../sign-in/authenticate.js';
import { cookieHeaders } from '../sign-in/issue-proofs.js';
import { LegacyAnswer } from './answer.js';
import type { BodyBudget } from './body-budget.js';
import { BodyAccount } from './collected-body.js';
import { commonHeaders, isPreflight } from './cors.js';
import { isUnforeseen, LegacyError, toLegacyError } from './legacy-error.js';
import type { LegacyRequest } from './legacy-request.js';
import { normalPath } from './normal-path.js';
import { type ReceivedParams, readParams } from './request-params.js';
import type { Router } from './router.js';
import { type RoutedRequest, serveRoute } from './serve-route.js';

export interface PipelineParts {
  readonly context: BackendjsContext;
  /** Those in force now. */
  readonly compiled: () => CompiledSettings;
  readonly router: Router;
  readonly limits: RateLimits;
  readonly bodies: BodyBudget;
  readonly used: UsedSignatures;
  readonly hooks: readonly LegacyHook[];
}

/** What every request goes through, in the order of section 1.4. */
export class Pipeline {
  readonly #parts: PipelineParts;
  #running = 0;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** Requests under way. */
  get running(): number {
    return this.#running;
  }

  /** Answers a request; whatever goes wrong is an answer, too. */
  async dispatch(request: LegacyRequest): Promise<LegacyAnswer> {
    const { context, hooks } = this.#parts;
    const started = context.now();
    const path = normalPath(pathOf(request.url));
    const answer = await this.#answer(request, path);
    for (const hook of hooks) if (hook.path.test(path)) hook.cleanup?.(request, answer.status);
    const known = this.#parts.router.handles(path);
    const ms = context.now() - started;
    context.metrics.answered(known ? path : '', answer.status, ms);
    context.logger.debug({ method: request.method, path, status: answer.status, ms }, 'legacy request');
    return answer.with(commonHeaders(context.settings));
  }

  async #answer(request: LegacyRequest, path: string): Promise<LegacyAnswer> {
    const { context, compiled, bodies } = this.#parts;
    const body = new BodyAccount(bodies, context.settings.uploadLimit);
    this.#running += 1;
    try {
      return await this.#serve(request, path, body);
    } catch (error) {
      if (isUnforeseen(error)) context.logger.error({ err: error, path }, 'a legacy request failed');
      const refused = toLegacyError(error);
      const login = compiled().redirects.login(request, { path, status: refused.status });
      return login ?? LegacyAnswer.json(refused.toJSON(), refused.status, this.#clearing(request, refused));
    } finally {
      this.#running -= 1;
      body.release();
    }
  }

  async #serve(request: LegacyRequest, path: string, account: BodyAccount): Promise<LegacyAnswer> {
    const { context, compiled, router, limits, hooks } = this.#parts;
    const { settings, lists, redirects } = compiled();
    if (this.#running > settings.maxRequests) throw new LegacyError(503, 'Server is unavailable');
    const routed = redirects.route(path);
    await limits.address(request.address, routed);
    if (isPreflight(request))
      return new LegacyAnswer({ kind: 'bytes', contentType: 'text/plain', bytes: new Uint8Array() }, 204);
    const redirected = redirects.redirect(request, routed);
    if (redirected !== null) return redirected;
    const { params, body, json, files } = await this.#read(request, account);
    const received: ReceivedRequest = { request, path: routed, body, takesSessions: lists.takesSessions(routed) };
    await this.#limitLogin(received);
    const need = this.#need(request, routed);
    const caller = need === 'nothing' ? null : await this.#caller(received, need);
    if (caller !== null) {
      lists.authorize(routed, caller);
      await limits.account(caller.credential);
    }
    const route = router.find(routed);
    if (route === null) throw new LegacyError(404, 'Not found');
    const found: RoutedRequest = { request, path: routed, params, json, files, account: caller };
    return serveRoute(route, found, { context, hooks: hooks.filter((hook) => hook.path.test(routed)) });
  }

  /** By the login that is claimed, if there is such a limit. */
  async #limitLogin(received: ReceivedRequest): Promise<void> {
    const { context, limits } = this.#parts;
    const { settings } = context;
    if (!settings.rateLimits.has('login')) return;
    const wanted = verifierSettings(settings, received.takesSessions);
    const login = claimedLogin(signedRequestOf(received, settings), wanted);
    if (login !== null) await limits.login(login);
  }

  #read(request: LegacyRequest, account: BodyAccount): Promise<ReceivedParams> {
    const { uploadLimit, jsonLenient } = this.#parts.context.settings;
    return readParams(request, account, { limit: uploadLimit, lenient: jsonLenient });
  }

  /** What the lists say, unless a hook says otherwise. */
  #need(request: LegacyRequest, path: string): Need {
    const listed = this.#parts.compiled().lists.need(path, request.address);
    for (const hook of this.#parts.hooks) {
      const said = hook.path.test(path) ? (hook.access?.(request, path) ?? null) : null;
      if (said !== null) return said === 'open' ? 'nothing' : 'credentials';
    }
    return listed;
  }

  async #caller(received: ReceivedRequest, need: Need): Promise<LegacyAccount | null> {
    const { context, used } = this.#parts;
    try {
      return await authenticate(received, { context, used });
    } catch (error) {
      const missing = error instanceof LegacyError && error.code === 'NOLOGIN';
      if (need === 'optional' && missing) return null;
      throw error;
    }
  }

  /** A session that does not hold is taken out of the browser. */
  #clearing(request: LegacyRequest, refused: LegacyError): LegacyAnswer['headers'] {
    const { context } = this.#parts;
    const hadSession = (request.headers.cookie ?? '').includes(`${context.settings.signatureName}=`);
    return refused.status === 401 && refused.code === 'NOAUTH' && hadSession
      ? cookieHeaders({ context, request }, null)
      : {};
  }
}
