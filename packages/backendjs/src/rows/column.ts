/** What a column holds: decides how parameters are read into it and how they are compared. */
export type ColumnType =
  | 'text'
  | 'int'
  | 'bigint'
  | 'real'
  | 'bool'
  | 'counter'
  | 'list'
  | 'json'
  | 'now'
  | 'mtime'
  | 'uuid'
  | 'email'
  | 'phone';

/** One column of a legacy table. Without `pub`, `secure` and `admin` it is its owner's. */
export interface Column {
  readonly type: ColumnType;
  readonly primary?: true;
  /** Everybody sees it. */
  readonly pub?: true;
  /** Nobody sees it, its owner neither. */
  readonly secure?: true;
  /** Only administrators see and change it. */
  readonly admin?: true;
  /** Set when the row is made, never after. */
  readonly readonly?: true;
  /** A counter that `type0`/`type1` pairs of connections move. */
  readonly autoincr?: true;
  /** May not become empty. */
  readonly notEmpty?: true;
  /** The operator of a select that names none. */
  readonly ops?: string;
  /** What a new row starts with. */
  readonly value?: number | string;
}

const NUMERIC: ReadonlySet<ColumnType> = new Set(['int', 'bigint', 'real', 'counter', 'now', 'mtime']);

export function isNumeric(type: ColumnType): boolean {
  return NUMERIC.has(type);
}

/** Whether a parameter of this name may be a column: not what steers a request, and not what tells about the client. */
export function isColumnName(name: string): boolean {
  return name !== '' && !name.startsWith('_') && !name.startsWith('bk-');
}
