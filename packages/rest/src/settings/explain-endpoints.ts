import type { DenialTrace } from '@backside/api';
import { BacksideError } from '@backside/protocol';
import { formatExplanation } from '@backside/security';
import { bearerOrQueryToken } from '../bearer.js';
import { type Call, type Endpoint, pathPart } from '../endpoint.js';
import type { Reply } from '../reply.js';
import type { RestOptions } from '../rest-options.js';

/** Why something was refused, by the trace id that the refused client was given. For admins; in development mode for all. */
export function explainEndpoints({ findTrace, development }: ExplainOptions): readonly Endpoint[] {
  return [
    {
      method: 'get',
      path: '/.explain/:trace',
      access: development ? 'anyone' : 'admin',
      token: bearerOrQueryToken,
      serve: (call) => explain(call, findTrace),
    },
  ];
}

type ExplainOptions = Pick<RestOptions, 'findTrace' | 'development'>;

/** As JSON or, for who prefers it, as text. A trace of another database is `not-found`: its admins are others. */
async function explain(call: Call, findTrace: ExplainOptions['findTrace']): Promise<Reply> {
  const trace = await findTrace(pathPart(call, 'trace'));
  if (trace === null || trace.database !== call.database.name) {
    throw new BacksideError('not-found', 'no refusal is kept under this id');
  }
  return call.request.accepts('json', 'text') === 'text' ? { text: formatTrace(trace) } : { json: trace };
}

function formatTrace({ time, database, principal, operation, path, explanation }: DenialTrace): string {
  const what = `${new Date(time).toISOString()} ${database}: ${principal ?? 'nobody'}`;
  if (explanation !== null) return `${what}\n${formatExplanation(explanation)}\n`;
  return `${what}\n${operation} ${path}: denied; there were too many refusals at the time to explain this one\n`;
}
