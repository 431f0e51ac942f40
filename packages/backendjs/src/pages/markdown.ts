import MarkdownIt, { type Env, type Token } from 'markdown-it';

export interface Heading {
  /** 1 to 6. */
  readonly level: number;
  /** Plain. */
  readonly text: string;
  /** The `id` of its element, unique in the page. */
  readonly anchor: string;
}

export interface RenderedMarkdown {
  /** Safe to place in a page: HTML of the text is shown as text, and links lead nowhere that runs code. */
  readonly html: string;
  /** All headings, in order. */
  readonly headings: readonly Heading[];
}

/** Ids of a page begin with this, so that no heading can take a name that the page around it uses. */
const ANCHOR_PREFIX = 'h-';
const MAX_ANCHOR = 60;

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });

/** Renders Markdown. Every heading gets an id. */
export function renderMarkdown(text: string): RenderedMarkdown {
  const env: Env = {};
  const tokens = markdown.parse(text, env);
  const headings = markHeadings(tokens);
  return { html: markdown.renderer.render(tokens, markdown.options, env), headings };
}

/** The plain text of the first heading of the first level; null if there is none. */
export function titleOf(text: string): string | null {
  const tokens = markdown.parse(text, {});
  const index = tokens.findIndex(({ type, tag }) => type === 'heading_open' && tag === 'h1');
  return index < 0 ? null : plainText(tokens[index + 1]) || null;
}

/** Text as it may stand in an element or an attribute. */
export function escapeHtml(text: string): string {
  return markdown.utils.escapeHtml(text);
}

/** The headings as a list of links; empty without headings. */
export function renderToc(headings: readonly Heading[]): string {
  if (headings.length === 0) return '';
  const items = headings.map(
    ({ level, text, anchor }) => `<li class="toc-${level}"><a href="#${anchor}">${escapeHtml(text)}</a></li>`,
  );
  return `<ul class="toc">\n${items.join('\n')}\n</ul>\n`;
}

function markHeadings(tokens: readonly Token[]): Heading[] {
  const headings: Heading[] = [];
  const taken = new Set<string>();
  tokens.forEach((token, index) => {
    if (token.type !== 'heading_open') return;
    const text = plainText(tokens[index + 1]);
    const anchor = freeAnchor(text, taken);
    token.attrSet('id', anchor);
    headings.push({ level: Number(token.tag.slice(1)), text, anchor });
  });
  return headings;
}

function plainText(inline: Token | undefined): string {
  const parts = inline?.children ?? [];
  return parts
    .filter(({ type }) => type === 'text' || type === 'code_inline')
    .map(({ content }) => content)
    .join('')
    .trim();
}

function freeAnchor(text: string, taken: Set<string>): string {
  const slug = text
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replace(/^-|-$/g, '');
  const base = `${ANCHOR_PREFIX}${Array.from(slug).slice(0, MAX_ANCHOR).join('') || 'section'}`;
  let anchor = base;
  for (let count = 2; taken.has(anchor); count++) anchor = `${base}-${count}`;
  taken.add(anchor);
  return anchor;
}
