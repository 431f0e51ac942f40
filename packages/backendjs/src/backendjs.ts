import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createThrottle, pathOf, UsedSignatures } from '@backside/auth';
import { closeWithConnection } from '@backside/media';
import { RateLimits } from './access/rate-limits.js';
import { ServerLoad } from './access/server-load.js';
import { accountEndpoints } from './accounts/account-endpoints.js';
import { InterruptedRemovals } from './accounts/interrupted-removals.js';
import { type CompiledSettings, compileSettings } from './compiled-settings.js';
import { connectionEndpoints } from './connections/connection-endpoints.js';
import type { BackendjsContext } from './context.js';
import { counterEndpoints } from './counters/counter-endpoints.js';
import { Credentials } from './credentials/credentials.js';
import { SecretBox } from './credentials/secret-box.js';
import { UserAccounts } from './credentials/user-accounts.js';
import { dataEndpoints } from './data/data-endpoints.js';
import type { LegacyEndpoint } from './endpoint.js';
import { eventEndpoints } from './events/event-endpoints.js';
import { fileEndpoints } from './files/file-endpoints.js';
import { BodyBudget } from './http/body-budget.js';
import { type RequestOrigin, requestOf } from './http/http-request.js';
import { NextTokens } from './http/next-token.js';
import { normalPath } from './http/normal-path.js';
import { Pipeline } from './http/pipeline.js';
import { Router } from './http/router.js';
import { sendAnswer } from './http/send-answer.js';
import { iconEndpoints } from './icons/icon-endpoints.js';
import { createMessagePictures, messageImageEndpoints } from './icons/message-pictures.js';
import { locationEndpoints } from './locations/location-endpoints.js';
import { messageEndpoints } from './messages/message-endpoints.js';
import type { BackendjsOptions } from './options.js';
import { pageEndpoints } from './pages/page-endpoints.js';
import { withFreshRows } from './rows/fresh-rows.js';
import type { BackendjsSettings } from './settings.js';
import { signInEndpoints } from './sign-in/sign-in-endpoints.js';
import { statusEndpoints } from './status/status-endpoints.js';
import { systemEndpoints } from './system/system-endpoints.js';
import { WebsocketRequests } from './websocket/websocket-requests.js';

/** The legacy API of one server. */
export interface Backendjs {
  /** What its endpoints work with. */
  readonly context: BackendjsContext;
  /** Whether a request is for the legacy API, by its path. */
  handles(request: Pick<IncomingMessage, 'url'>): boolean;
  readonly listener: RequestListener;
  /** Takes the socket if the upgrade is one to websocket requests; false leaves it untouched. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Puts other settings in force for the requests that come from now on. */
  reconfigure(settings: BackendjsSettings): void;
  /** Ends long polls and websockets, then resolves when what is under way is answered. */
  close(): Promise<void>;
}

/** Everything that answers, in the order in which hooks of accounts run. Each area adds its line. */
function endpointsOf(context: BackendjsContext, limits: RateLimits): LegacyEndpoint[] {
  const ofRows = [
    ...accountEndpoints(context),
    ...connectionEndpoints(context),
    ...counterEndpoints(context),
    ...messageEndpoints(context, createMessagePictures(context)),
    ...messageImageEndpoints(context),
    ...statusEndpoints(context),
    ...locationEndpoints(context),
    ...iconEndpoints(context),
    ...fileEndpoints(context),
    ...pageEndpoints(context),
    ...dataEndpoints(context),
  ];
  return [
    ...signInEndpoints(limits),
    ...withFreshRows(context, ofRows),
    ...eventEndpoints(),
    ...systemEndpoints(context),
  ];
}

/** Composes the legacy API over a database. Throws `invalid-data` for settings or a key that cannot be used. */
export function createBackendjs(options: BackendjsOptions): Backendjs {
  return new LegacyServer(options);
}

const DRAIN_LOOKS = 500;
const DRAIN_LOOK_MS = 20;

class LegacyServer implements Backendjs {
  readonly context: BackendjsContext;
  readonly #options: BackendjsOptions;
  readonly #pipeline: Pipeline;
  readonly #router: Router;
  readonly #websockets: WebsocketRequests;
  /** Of every request that is not answered yet. */
  readonly #open: Set<AbortController> = new Set();
  readonly #load: ServerLoad;
  readonly #removals: InterruptedRemovals;
  #compiled: CompiledSettings;

  constructor(options: BackendjsOptions) {
    this.#options = options;
    this.#compiled = compileSettings(options.settings);
    this.context = this.#createContext();
    const { context } = this;
    const settings = (): BackendjsSettings => this.#compiled.settings;
    const { cache, logger, metrics, now } = options;
    this.#load = new ServerLoad(metrics);
    const limits = new RateLimits({ cache, logger, metrics, settings });
    this.#router = new Router(endpointsOf(context, limits));
    this.#pipeline = new Pipeline({
      context,
      compiled: () => this.#compiled,
      router: this.#router,
      limits,
      load: this.#load,
      bodies: new BodyBudget(() => ({ all: settings().uploadsInFlight, one: settings().uploadLimit })),
      used: new UsedSignatures({ max: () => settings().signatureOnceMax, now }),
      hooks: options.hooks ?? [],
    });
    this.#websockets = new WebsocketRequests({
      ...this.#origin,
      logger,
      path: () => settings().wsPath,
      dispatch: context.dispatch,
    });
    this.#removals = new InterruptedRemovals(context);
  }

  get #origin(): RequestOrigin {
    const { clientAddress, publicUrl } = this.#options;
    return { clientAddress, publicTls: publicUrl.protocol === 'https:' };
  }

  handles({ url }: Pick<IncomingMessage, 'url'>): boolean {
    return this.#router.handles(this.#compiled.redirects.route(normalPath(pathOf(url ?? ''))));
  }

  readonly listener: RequestListener = (message, response) => {
    this.#serve(message, response).catch((error: unknown) => {
      this.#options.logger.error({ err: error }, 'an answer could not be sent');
      response.destroy();
    });
  };

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#websockets.upgrade(request, socket, head);
  }

  reconfigure(settings: BackendjsSettings): void {
    this.#compiled = compileSettings(settings);
  }

  async close(): Promise<void> {
    this.#load.close();
    for (const gone of this.#open) gone.abort();
    await this.#websockets.close();
    for (let look = 0; look < DRAIN_LOOKS && this.#pipeline.running > 0; look++) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
    await this.#removals.close();
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    this.#open.add(gone);
    closeWithConnection(message, response);
    response.once('close', () => {
      this.#open.delete(gone);
      gone.abort();
    });
    const request = requestOf(message, this.#origin, gone.signal);
    const answer = await this.#pipeline.dispatch(request);
    await sendAnswer(answer, response, { head: request.method === 'HEAD' });
  }

  #createContext(): BackendjsContext {
    const { secretKey, ...options } = this.#options;
    const { auth, credentials: tree, now } = options;
    const users = new UserAccounts(auth, now);
    const credentials = new Credentials({ tree, box: new SecretBox(secretKey), users, now });
    credentials.checkKey();
    const compiled = (): CompiledSettings => this.#compiled;
    return {
      ...options,
      tree,
      users,
      credentials,
      guesses: createThrottle({ now }),
      accountHooks: [],
      control: options.control ?? null,
      ipc: options.ipc ?? null,
      nextTokens: new NextTokens(() => compiled().settings.queryTokenSecret),
      dispatch: (request) => this.#pipeline.dispatch(request),
      get settings() {
        return compiled().settings;
      },
      get pageView() {
        return compiled().pageView;
      },
    };
  }
}
