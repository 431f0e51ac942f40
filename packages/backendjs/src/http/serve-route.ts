import { restricted } from '../access/access-lists.js';
import { heardFrom } from '../access/account-rules.js';
import type { BackendjsContext } from '../context.js';
import type { LegacyAccount } from '../credentials/legacy-account.js';
import type { LegacyCall, LegacyReply } from '../endpoint.js';
import type { LegacyHook } from '../hook.js';
import { LegacyAnswer } from './answer.js';
import { parseControl } from './control.js';
import { LegacyError } from './legacy-error.js';
import type { LegacyRequest } from './legacy-request.js';
import type { Params } from './params.js';
import { inFormat, NOT_KEPT } from './render.js';
import { requestOptions } from './request-options.js';
import type { Route } from './router.js';
import type { UploadedFile } from './uploaded-file.js';

/** A request whose sender is known, and may have the path. */
export interface RoutedRequest {
  readonly request: LegacyRequest;
  readonly path: string;
  readonly params: Params;
  readonly files: ReadonlyMap<string, UploadedFile>;
  readonly account: LegacyAccount | null;
}

/** Has the endpoint answer, with the hooks before and after, and makes its rows into the format that the client wants. */
export async function serveRoute(
  route: Route,
  routed: RoutedRequest,
  { context, hooks }: { readonly context: BackendjsContext; readonly hooks: readonly LegacyHook[] },
): Promise<LegacyAnswer> {
  if (route.endpoint.adminOnly === true && !callerOf(routed).isAdmin) throw restricted();
  const call = callOf(route, routed, context);
  const instead = await before(call, hooks);
  if (instead !== null) return formatted(instead, call);
  let answer = asAnswer(await route.endpoint.serve(call));
  for (const hook of hooks) {
    if (answer.status === 200 && hook.postProcess !== undefined) answer = await hook.postProcess(call, answer);
  }
  return formatted(answer, call);
}

async function before(call: LegacyCall, hooks: readonly LegacyHook[]): Promise<LegacyAnswer | null> {
  for (const hook of hooks) {
    const answer = (await hook.preProcess?.(call)) ?? null;
    if (answer !== null) return answer;
  }
  return null;
}

function callOf(route: Route, routed: RoutedRequest, context: BackendjsContext): LegacyCall {
  const { account, request, path, files } = routed;
  const own = new Set([context.settings.signatureName, context.settings.accessTokenName]);
  const params = routed.params.without((name) => own.has(name));
  const heard = account === null ? params : heardFrom(account.credential, params);
  const control = parseControl(heard, account?.isAdmin === true);
  const { variables } = route;
  const client = requestOptions(request, params);
  const requireAccount = (): LegacyAccount => callerOf(routed);
  return { request, path, variables, params: heard, control, client, files, account, context, requireAccount };
}

function callerOf({ account }: RoutedRequest): LegacyAccount {
  if (account === null) throw new LegacyError(417, 'No login provided', 'NOLOGIN');
  return account;
}

function asAnswer(reply: LegacyReply): LegacyAnswer {
  return reply instanceof LegacyAnswer ? reply : LegacyAnswer.json(reply);
}

function formatted(answer: LegacyAnswer, { control, context, account }: LegacyCall): LegacyAnswer {
  const { body } = answer;
  if (body.kind !== 'rows') return answer;
  const nextToken = context.nextTokens.encode(body.next, account?.credential ?? null);
  const { contentType, text } = inFormat({ rows: body.rows, nextToken }, control);
  return LegacyAnswer.bytes(contentType, Buffer.from(text), {
    ...NOT_KEPT,
    ...answer.headers,
  });
}
