import { createHash } from 'node:crypto';
import { DOCS_SCRIPT } from './docs-script.js';

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
details.operation { border: 1px solid #8886; border-radius: 6px; margin: 0.4rem 0; padding: 0.4rem 0.8rem; }
summary { cursor: pointer; font-family: ui-monospace, monospace; }
summary b { display: inline-block; min-width: 5rem; }
label { display: flex; gap: 1rem; margin: 0.2rem 0; }
label span { min-width: 12rem; font-family: ui-monospace, monospace; }
input, textarea { flex: 1; font: 14px ui-monospace, monospace; padding: 0.2rem 0.4rem; }
textarea { width: 100%; box-sizing: border-box; }
pre { background: #8882; padding: 0.6rem; overflow: auto; white-space: pre-wrap; max-height: 20rem; }
pre:empty { display: none; }
`;

/** A page to try the interface with. It asks nothing of other servers, and keeps nothing. */
export const DOCS_PAGE: string = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Backside: the HTTP interface</title>
<style>${STYLE}</style>
<h1>The HTTP interface</h1>
<label><span>access token</span><input id="token" type="password" autocomplete="off"></label>
<main></main>
<script>${DOCS_SCRIPT}</script>
</html>
`;

/** What the page may do: run this very script, and call this very server. */
export const DOCS_POLICY: string = [
  "default-src 'none'",
  `script-src ${hashOf(DOCS_SCRIPT)}`,
  `style-src ${hashOf(STYLE)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
