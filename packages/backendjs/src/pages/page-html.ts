import { LegacyAnswer } from '../http/answer.js';
import { escapeHtml, type RenderedMarkdown, renderToc } from './markdown.js';
import type { PageView } from './page-view.js';

/** Pages run nothing, and load pictures only. */
const POLICY =
  "default-src 'none'; img-src 'self' https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
/** What the operator's own document needs to look like something. */
const OWN_STYLE = "style-src 'self' 'unsafe-inline'; font-src 'self'";
const HEADERS = {
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
export function htmlAnswer(page: PageContent, view: PageView): LegacyAnswer {
  const document = view.show({
    title: escapeHtml(page.title),
    toc: page.toc ? renderToc(page.headings) : '',
    content: page.html,
  });
  return LegacyAnswer.bytes('text/html; charset=utf-8', Buffer.from(document), {
    ...HEADERS,
    'content-security-policy': view.ownStyle ? `${POLICY}; ${OWN_STYLE}` : POLICY,
  });
}
