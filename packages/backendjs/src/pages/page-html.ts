import { LegacyAnswer } from '../http/answer.js';
import { escapeHtml, type RenderedMarkdown, renderToc } from './markdown.js';

/** Pages run nothing, and load pictures only. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; img-src 'self' https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
} as const;

export interface PageContent extends RenderedMarkdown {
  readonly title: string;
  /** Whether a list of the headings stands above. */
  readonly toc: boolean;
}

/** The content of a page, with its list of headings if it has one. */
export function bodyHtml({ html, headings, toc }: Omit<PageContent, 'title'>): string {
  return toc ? renderToc(headings) + html : html;
}

/** A whole HTML document, to be shown by a browser. */
export function htmlAnswer(page: PageContent): LegacyAnswer {
  const title = escapeHtml(page.title);
  const document = `<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
</head>
<body>
<main>
${bodyHtml(page)}</main>
</body>
</html>
`;
  return LegacyAnswer.bytes('text/html; charset=utf-8', Buffer.from(document), HEADERS);
}
