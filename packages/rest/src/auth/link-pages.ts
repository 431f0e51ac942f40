import { createHash } from 'node:crypto';
import type { Endpoint } from '../endpoint.js';
import type { Reply } from '../reply.js';

/** Sends the token of the link, and what the form asks for, to the path that the page itself came from. */
const SCRIPT = `
const form = document.querySelector('form');
const output = document.querySelector('output');
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
history.replaceState(null, '', location.pathname + location.search);
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  output.value = '';
  try {
    const response = await fetch(location.pathname + location.search, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, ...Object.fromEntries(new FormData(form)) }),
    });
    if (response.ok) form.hidden = true;
    output.value = response.ok ? form.dataset.done : (await response.json()).error.message;
  } catch {
    output.value = 'The server cannot be reached. Try again.';
  }
});
`;

const STYLE = `
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 24rem; margin: 15vh auto; padding: 0 1rem; }
form { display: grid; gap: 1rem; }
form[hidden] { display: none; }
input, button { display: block; box-sizing: border-box; font: inherit; padding: 0.5rem; width: 100%; }
`;

const POLICY = [
  "default-src 'none'",
  `script-src '${digest(SCRIPT)}'`,
  `style-src '${digest(STYLE)}'`,
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const RESET_FIELD =
  '<label>New password <input name="password" type="password" autocomplete="new-password" required></label>';

/**
 * The pages that the links in mails lead to, for applications without pages of their own. The token is in the fragment, which
 * no server and no referrer sees, and nothing happens before a button is pressed: mail scanners that follow links use nothing up.
 */
export function linkPageEndpoints(): readonly Endpoint[] {
  const reset = page({
    title: 'Set a new password',
    field: RESET_FIELD,
    done: 'Your password is set. Sign in with it.',
  });
  const verify = page({ title: 'Confirm your address', field: '', done: 'Your address is confirmed.' });
  return [
    { method: 'get', path: '/auth/reset', access: 'anyone', serve: () => reset },
    { method: 'get', path: '/auth/verify', access: 'anyone', serve: () => verify },
  ];
}

function page({ title, field, done }: { title: string; field: string; done: string }): Reply {
  return {
    text: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${STYLE}</style>
<h1>${title}</h1>
<form method="post" data-done="${done}">${field}<button>${title}</button></form>
<p><output></output></p>
<script>${SCRIPT}</script>
</html>
`,
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY },
  };
}

function digest(source: string): string {
  return `sha256-${createHash('sha256').update(source).digest('base64')}`;
}
