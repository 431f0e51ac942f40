import { ADMIN } from '@backside/protocol';
import { parsePath } from '@backside/tree';
import { type Answer, type Ask, ask, openServer, type TestServer } from './rest-fixture.js';

/** Everybody may do everything; people can be ordered by age. */
export const OPEN_RULES: string = JSON.stringify({
  rules: { '.read': true, '.write': true, people: { '.indexOn': ['age'] } },
});

/** A server with rules of its own, and short ways to talk to it. */
export interface TreeServer extends TestServer {
  call(line: string, options?: Ask): Promise<Answer<unknown>>;
  /** The body of the answer. */
  json(line: string, options?: Ask): Promise<unknown>;
  /** Writes without HTTP. */
  put(path: string, value: unknown): Promise<unknown>;
}

/** Serves two databases, `main` and `other`, until it is stopped. */
export async function openTreeServer(
  rest: NonNullable<Parameters<typeof openServer>[0]>['rest'] = {},
  rules: string = OPEN_RULES,
): Promise<TreeServer> {
  const server = await openServer({ databases: ['main', 'other'], rest });
  for (const tenant of server.tenants.values()) await tenant.rules.put(rules, null);
  const call: TreeServer['call'] = (line, options) => ask<unknown>(server, line, options);
  return {
    ...server,
    call,
    json: async (line, options) => (await call(line, options)).json,
    put: (path, value) =>
      server.main.database.write({ principal: ADMIN, steps: [{ method: 'set', path: parsePath(path), value }] }),
  };
}
