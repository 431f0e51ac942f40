import { AccessLists } from './access/access-lists.js';
import { Redirects } from './access/redirects.js';
import { type PageView, readPageView } from './pages/page-view.js';
import type { BackendjsSettings } from './settings.js';

/** Settings with what is made of them once. */
export interface CompiledSettings {
  readonly settings: BackendjsSettings;
  readonly lists: AccessLists;
  readonly redirects: Redirects;
  /** What pages are shown in. */
  readonly pageView: PageView;
}

/** Throws `invalid-data` for a file that cannot be read. */
export function compileSettings(settings: BackendjsSettings): CompiledSettings {
  return {
    settings,
    lists: new AccessLists(settings),
    redirects: new Redirects(settings),
    pageView: readPageView(settings.pagesView),
  };
}
