import type { IRouter } from 'express';
import type { Endpoint } from '../endpoint.js';
import { sendReply } from '../reply.js';
import { DOCS_PAGE, DOCS_POLICY } from './docs-page.js';
import { openApiDocument } from './document.js';

/** `/openapi.json`, and with `docs` also `/docs`, a page to try what it describes. */
export function serveOpenApi(
  router: IRouter,
  endpoints: readonly Endpoint[],
  { docs, publicUrl }: { readonly docs: boolean; readonly publicUrl: URL },
): void {
  const document = openApiDocument(endpoints, publicUrl);
  router.get('/openapi.json', (_request, response) => sendReply(response, { json: document }));
  if (!docs) return;
  router.get('/docs', (_request, response) => {
    const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': DOCS_POLICY };
    sendReply(response, { text: DOCS_PAGE, headers });
  });
}
