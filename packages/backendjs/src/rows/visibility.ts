import type { Column } from './column.js';
import { newRow, type Row, type Table } from './table.js';

/** Who looks at rows. */
export interface Viewer {
  readonly id: string | null;
  readonly isAdmin: boolean;
}

/** Whether `viewer` may see a column of a row with this owner. Columns that no table knows are open. */
function isVisible(column: Column | undefined, owner: unknown, viewer: Viewer): boolean {
  if (column === undefined) return true;
  if (column.secure) return false;
  if (viewer.isAdmin || column.pub) return true;
  if (column.admin) return false;
  return viewer.id !== null && owner === viewer.id;
}

/**
 * What `viewer` may see of a row: `pub` columns are everybody's, `secure` ones nobody's, `admin` ones administrators', all
 * others the owner's, which is whose id the row bears. A row without id is foreign. Columns that the table does not know are
 * open, unless the table keeps apart what is not `pub`: then they are the owner's.
 */
export function visibleRow(table: Table, row: Row, viewer: Viewer): Row {
  const visible = newRow();
  const unknown: Column | undefined = table.privateLevels === null ? undefined : { type: 'text' };
  for (const [name, value] of Object.entries(row)) {
    if (isVisible(table.columns.get(name) ?? unknown, row.id, viewer)) visible[name] = value;
  }
  return visible;
}

/** The columns of `select`, in its order; all of them if it is empty. */
export function chosenColumns(row: Row, select: readonly string[]): Row {
  if (select.length === 0) return row;
  const chosen = newRow();
  for (const name of select) if (Object.hasOwn(row, name)) chosen[name] = row[name] as Row[string];
  return chosen;
}
