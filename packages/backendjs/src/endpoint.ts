import type { Json } from '@backside/tree';
import type { BackendjsContext } from './context.js';
import type { LegacyAccount } from './credentials/legacy-account.js';
import type { LegacyAnswer } from './http/answer.js';
import type { Control } from './http/control.js';
import type { LegacyRequest } from './http/legacy-request.js';
import type { Params } from './http/params.js';
import type { RequestOptions } from './http/request-options.js';
import type { UploadedFile } from './http/uploaded-file.js';

/** What an endpoint answers: JSON with status 200, or an answer that says more. */
export type LegacyReply = Json | LegacyAnswer;

/** One operation of the legacy API, or several under different names. */
export interface LegacyEndpoint {
  /** `/account/get`, or with variables: `/data/:op/:table`. A literal wins over a variable; `*` at the end takes the rest. */
  readonly paths: readonly string[];
  /** Only for admins. Default false. */
  readonly adminOnly?: boolean;
  /** Refusals are thrown as `LegacyError`. */
  serve(call: LegacyCall): Promise<LegacyReply> | LegacyReply;
}

/** One request, as an endpoint sees it. */
export interface LegacyCall {
  readonly request: LegacyRequest;
  /** The path that selected the endpoint, without query. */
  readonly path: string;
  /** Values of the path's variables, decoded; `*` holds the rest. */
  readonly variables: Readonly<Record<string, string>>;
  readonly params: Params;
  readonly control: Control;
  /** What the client tells about itself, for hooks; no right may rest on it. */
  readonly client: RequestOptions;
  /** Uploaded files by the name of their field. */
  readonly files: ReadonlyMap<string, UploadedFile>;
  /** Null if the request needed no credentials: then none are looked at. */
  readonly account: LegacyAccount | null;
  readonly context: BackendjsContext;
  /** Throws 417 if nobody is signed in. */
  requireAccount(): LegacyAccount;
}
