import type { Json } from '@backside/tree';
import type { RefusedError } from '../link/refused-error.js';
import type { SnapshotState } from '../sync/view.js';
import type { CheckedChildPath } from './path-of.js';
import type { ChildSchema, IsFree, NamedKeyOf, SchemaAt, WildcardOf } from './schema-at.js';
import type { TypedReference } from './typed-reference.js';
import type { ValueOf } from './value-of.js';

/** The schema of the children of a place: of a wildcard's, or else of any that it names. */
export type ElementOf<Schema> =
  IsFree<Schema> extends true
    ? Json
    : Schema extends readonly (infer Item)[]
      ? Item
      : [WildcardOf<Schema>] extends [never]
        ? ChildSchema<Schema, NamedKeyOf<Schema>>
        : ChildSchema<Schema, string>;

/** `DataSnapshot`, of a place that has a schema. */
export interface TypedSnapshot<Schema> extends Iterable<TypedSnapshot<ElementOf<Schema>>> {
  readonly ref: TypedReference<Schema>;
  readonly key: string | null;
  readonly state: SnapshotState;
  readonly refusal: RefusedError | null;
  readonly priority: string | number | null;
  readonly size: number;
  val(): ValueOf<Schema> | null;
  exportVal(): Json;
  toJSON(): Json;
  exists(): boolean;
  child<Path extends string>(path: CheckedChildPath<Schema, Path>): TypedSnapshot<SchemaAt<Schema, Path>>;
  hasChild<Path extends string>(path: CheckedChildPath<Schema, Path>): boolean;
  hasChildren(): boolean;
  forEach(action: (child: TypedSnapshot<ElementOf<Schema>>) => unknown): boolean;
}
