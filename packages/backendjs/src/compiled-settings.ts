import { AccessLists } from './access/access-lists.js';
import { Redirects } from './access/redirects.js';
import type { BackendjsSettings } from './settings.js';

/** Settings with what is made of them once. */
export interface CompiledSettings {
  readonly settings: BackendjsSettings;
  readonly lists: AccessLists;
  readonly redirects: Redirects;
}

export function compileSettings(settings: BackendjsSettings): CompiledSettings {
  return { settings, lists: new AccessLists(settings), redirects: new Redirects(settings) };
}
