import { HEADERS } from '@backside/protocol';
import { type Message, type StompClient, StompClientError } from './stomp-client.js';

/** The state at a path, as the one MESSAGE that the server answers with. Rejects with what the server refuses. */
export async function readOnce(
  client: StompClient,
  path: string,
  headers: readonly (readonly [string, string])[],
): Promise<Message> {
  let end: () => void = () => undefined;
  const message = new Promise<Message>((resolve) => {
    end = client.subscribe(path, [...headers, [HEADERS.once, 'true']], resolve);
  });
  const lost = client.closed.then((error) => {
    throw error ?? new StompClientError('the connection was closed before the answer', null);
  });
  const answer = await Promise.race([message, lost]);
  end();
  return answer;
}
