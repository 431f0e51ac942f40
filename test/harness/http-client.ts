/** What a server answered over HTTP. */
export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

export interface HttpRequest {
  readonly method?: string;
  readonly token?: string;
  /** Sent as JSON. */
  readonly json?: unknown;
}

/** Asks a server on this machine. A body that is not JSON is given as text. */
export async function askHttp<Body>(port: number, path: string, request: HttpRequest = {}): Promise<Answer<Body>> {
  const { json, token } = request;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: request.method ?? (json === undefined ? 'GET' : 'POST'),
    headers: {
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(json !== undefined && { body: typeof json === 'string' ? json : JSON.stringify(json) }),
    redirect: 'manual',
  });
  const text = await response.text();
  return { status: response.status, body: asJson(text) as Body };
}

function asJson(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return text;
  }
}
