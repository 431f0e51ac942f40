import type { OpenBlob } from '@backside/media';
import type { Json } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import type { LegacyCall, LegacyEndpoint } from '../endpoint.js';
import { blobAnswer } from '../files/blob-answer.js';
import { plainName } from '../files/file-name.js';
import { Files } from '../files/files.js';
import type { LegacyAnswer } from '../http/answer.js';
import { toBool, toText } from '../http/coercion.js';
import { MAX_COUNT } from '../http/control.js';
import { LegacyError, required } from '../http/legacy-error.js';
import { conditionsOf } from '../rows/condition.js';
import { rowOf } from '../rows/row-write.js';
import type { Row } from '../rows/table.js';
import { PAGES } from '../rows/tables.js';
import { chosenColumns } from '../rows/visibility.js';
import { renderMarkdown, titleOf } from './markdown.js';
import { bodyHtml, htmlAnswer, type PageContent } from './page-html.js';
import { PAGE_COLUMNS, Pages } from './pages.js';

/** The prefix of the files that `/pages/file` shows. */
const FILE_PREFIX = 'pages';
const MAX_FILE_BYTES = 1024 * 1024;

/** The wiki. */
export function pageEndpoints(context: BackendjsContext): LegacyEndpoint[] {
  const pages = new Pages(context);
  const endpoints: LegacyEndpoint[] = [
    { paths: ['/pages/get', '/pages/get/:id'], serve: (call) => getPage(pages, call) },
    { paths: ['/pages/select'], serve: (call) => selectPages(pages, call) },
    { paths: ['/pages/put', '/pages/put/:id'], serve: (call) => putPage(pages, call) },
    { paths: ['/pages/del', '/pages/del/:id'], serve: (call) => deletePage(pages, call) },
    { paths: ['/pages/show', '/pages/show/:id'], serve: (call) => shown(call, contentOf(pageOf(pages, call))) },
  ];
  if (context.media === null) return endpoints;
  const files = new Files(context, context.media);
  return [...endpoints, { paths: ['/pages/file/:name'], serve: (call) => showFile(files, call) }];
}

function getPage(pages: Pages, call: LegacyCall): Json {
  const page = pageOf(pages, call);
  return call.control.render ? { ...page, content: bodyHtml(contentOf(page)) } : page;
}

/** An array of as many as a page of any select has; `_page` asks for those behind it. */
async function selectPages(pages: Pages, call: LegacyCall): Promise<Json> {
  const { count, page, sort, desc, ops, select } = call.control;
  const wish = { count: count || MAX_COUNT, page, sort: sort === 'id' ? '' : sort, descending: desc };
  const conditions = conditionsOf(PAGES, call.params.columns(), ops);
  const rows = await pages.list({ ...wish, conditions }, call.account === null);
  return rows.map((row) => chosenColumns(row, select));
}

/** Throws 400 without a title, and without both content and link. */
function putPage(pages: Pages, call: LegacyCall): Promise<Json> {
  const { id } = call.requireAccount();
  const { params } = call;
  if (params.text('title') === '') throw required('title');
  if (params.text('content') === '' && params.text('link') === '') throw required('content or link');
  const given = PAGE_COLUMNS.filter((name) => params.has(name)).map(
    (name) => [name, params.get(name) ?? null] as const,
  );
  return pages.put(idOf(call), rowOf(PAGES, given), id);
}

async function deletePage(pages: Pages, call: LegacyCall): Promise<Json> {
  call.requireAccount();
  await pages.remove(idOf(call));
  return [];
}

function pageOf(pages: Pages, call: LegacyCall): Row {
  return pages.get(idOf(call), call.account === null);
}

function idOf({ variables, params }: LegacyCall): string {
  return variables.id ?? params.text('id');
}

function shown({ context }: LegacyCall, page: PageContent): LegacyAnswer {
  return htmlAnswer(page, context.pageView);
}

/** A page without content shows its link. */
function contentOf(page: Row): PageContent {
  const content = toText(page.content) || linkText(toText(page.link));
  const title = toText(page.title) || titleOf(content) || toText(page.id);
  return { ...renderMarkdown(content), title, toc: toBool(page.toc) };
}

function linkText(link: string): string {
  return link === '' ? '' : `<${link}>`;
}

/** A file with the prefix `pages`: Markdown as a page, unless `_raw` is set, others as they are. */
async function showFile(files: Files, call: LegacyCall): Promise<LegacyAnswer> {
  const name = plainName('name', call.variables.name ?? '');
  const blob = await files.open({ prefix: FILE_PREFIX, name });
  if (blob === null) throw new LegacyError(404, 'no page found');
  if (call.control.raw || !name.endsWith('.md')) return blobAnswer(blob, call.request);
  const text = await textOf(blob);
  return shown(call, { ...renderMarkdown(text), title: titleOf(text) ?? name, toc: false });
}

/** Throws 413 for more than a page may be. */
async function textOf({ info, body }: OpenBlob): Promise<string> {
  if (info.size > MAX_FILE_BYTES) {
    body.destroy();
    throw new LegacyError(413, 'too large for a page');
  }
  return Buffer.concat(await body.toArray()).toString();
}
