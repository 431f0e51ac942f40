import type { Json } from '@backside/tree';
import { Patterns } from '../access/patterns.js';
import { toText } from '../http/coercion.js';
import { newRow, type Row } from '../rows/table.js';
import { ICONS } from '../rows/tables.js';
import { type Viewer, visibleRow } from '../rows/visibility.js';
import type { BackendjsSettings } from '../settings.js';
import type { IconName } from './icon-name.js';
import { iconUrl, imagePath } from './icon-url.js';
import { mayView } from './icon-visibility.js';

const openPaths = new WeakMap<BackendjsSettings, Patterns>();

/** Whether the operator has opened a path to everybody. */
export function isOpenPath(settings: BackendjsSettings, path: string): boolean {
  const patterns = openPaths.get(settings) ?? new Patterns(settings.allow);
  openPaths.set(settings, patterns);
  return patterns.match(path);
}

/** An icon as a list shows it to `viewer`, with its address; null if it may not be seen. */
export function iconView(row: Row, viewer: Viewer, settings: BackendjsSettings): Row | null {
  const name = nameOf(row);
  if (!mayView(row.acl_allow, name.id, viewer)) return null;
  const shown = newRow({ ...visibleRow(ICONS, row, viewer), id: name.id, url: urlOf(row, viewer, settings) });
  delete shown.blob;
  return shown;
}

/** The address of an icon for `viewer`. */
export function urlOf(row: Row, viewer: Viewer, settings: BackendjsSettings): string {
  const name = nameOf(row);
  const link = { ...name, acl: row.acl_allow ?? '', ext: toText(row.ext) };
  return iconUrl(link, viewer.id, isOpenPath(settings, imagePath(name)));
}

function nameOf(row: Row): IconName {
  return { id: text(row.id), prefix: text(row.prefix), type: text(row.type) };
}

function text(value: Json | undefined): string {
  return toText(value ?? '');
}
