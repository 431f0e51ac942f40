import type { LegacyCall } from './endpoint.js';
import type { LegacyAnswer } from './http/answer.js';
import type { LegacyRequest } from './http/legacy-request.js';

/** What an application adds to the pipeline for the paths that `path` matches. Refusals are thrown as `LegacyError`. */
export interface LegacyHook {
  readonly path: RegExp;
  /** Before the signature: `open` needs no credentials, `closed` needs them; null leaves it to the settings. */
  access?(request: LegacyRequest, path: string): 'open' | 'closed' | null;
  /** Once it is known who asks, and that they may: an answer takes the place of the endpoint's. */
  preProcess?(call: LegacyCall): Promise<LegacyAnswer | null> | LegacyAnswer | null;
  /** After an endpoint has answered with status 200: gives what is answered instead. */
  postProcess?(call: LegacyCall, answer: LegacyAnswer): Promise<LegacyAnswer> | LegacyAnswer;
  /** After everything, whatever came of it; must not throw. */
  cleanup?(request: LegacyRequest, status: number): void;
}
