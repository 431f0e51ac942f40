import { claimedLogin, pathOf, type UsedSignatures } from '@backside/auth';
import type { Need } from '../access/access-lists.js';
import type { RateLimits } from '../access/rate-limits.js';
import { type ServerLoad, unavailable } from '../access/server-load.js';
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
  readonly load: ServerLoad;
  readonly bodies: BodyBudget;
  readonly used: UsedSignatures;
  readonly hooks: readonly LegacyHook[];
}

/** The path that was asked for, and the one that serves it: the same unless the settings say otherwise. */
interface RequestPath {
  readonly asked: string;
  readonly path: string;
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
    const asked = normalPath(pathOf(request.url));
    const path = this.#parts.compiled().redirects.route(asked);
    const answer = await this.#answer(request, { asked, path });
    for (const hook of hooks) if (hook.path.test(path)) hook.cleanup?.(request, answer.status);
    const known = this.#parts.router.handles(path);
    const ms = context.now() - started;
    context.metrics.answered(known ? path : '', answer.status, ms);
    context.logger.debug({ method: request.method, path, status: answer.status, ms }, 'legacy request');
    return answer.with(commonHeaders(context.settings));
  }

  async #answer(request: LegacyRequest, { asked, path }: RequestPath): Promise<LegacyAnswer> {
    const { context, compiled, bodies } = this.#parts;
    const body = new BodyAccount(bodies, { address: request.address, limit: context.settings.uploadLimit });
    this.#running += 1;
    try {
      return await this.#serve(request, path, body);
    } catch (error) {
      if (isUnforeseen(error)) context.logger.error({ err: error, path }, 'a legacy request failed');
      const refused = toLegacyError(error);
      const login = compiled().redirects.login(request, { path: asked, status: refused.status });
      return login ?? LegacyAnswer.json(refused.toJSON(), refused.status, this.#clearing(request, refused));
    } finally {
      this.#running -= 1;
      body.release();
    }
  }

  async #serve(request: LegacyRequest, path: string, account: BodyAccount): Promise<LegacyAnswer> {
    const { compiled, load, limits } = this.#parts;
    const { settings, lists, redirects } = compiled();
    if (this.#running > settings.maxRequests) throw this.#full();
    load.check(settings);
    await limits.address(request.address, path);
    if (isPreflight(request))
      return new LegacyAnswer({ kind: 'bytes', contentType: 'text/plain', bytes: new Uint8Array() }, 204);
    const redirected = redirects.redirect(request, path);
    if (redirected !== null) return redirected;
    const { params, body, files } = await this.#read(request, account);
    const takesSessions = lists.takesSessions(path);
    const received: ReceivedRequest = { request, path, params, body, takesSessions };
    await this.#limitLogin(received);
    const need = this.#need(request, path);
    const caller = need === 'nothing' ? null : await this.#caller(received, need);
    if (caller !== null) {
      lists.authorize(path, caller);
      await limits.account(caller.credential);
    }
    return this.#route({ request, path, params, files, account: caller });
  }

  #route(found: RoutedRequest): Promise<LegacyAnswer> {
    const { context, router, hooks } = this.#parts;
    const route = router.find(found.path);
    if (route === null) throw new LegacyError(404, 'Not found');
    return serveRoute(route, found, { context, hooks: hooks.filter((hook) => hook.path.test(found.path)) });
  }

  #full(): LegacyError {
    this.#parts.context.metrics.count('full');
    return unavailable();
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
