import type { Database, QueryOption } from './database.js';
import type { ListenOptions, WaitOptions } from './reference/root.js';
import type {
  AnySchema,
  CheckedPath,
  SchemaAt,
  TypedApi,
  TypedListener,
  TypedSnapshot,
  ValueAt,
} from './schema/index.js';

/** A client of one database, whose paths and values are checked against a schema if one is named. */
export type Backside<Schema = AnySchema> = [AnySchema] extends [Schema] ? Database : TypedBackside<Schema>;

/** A client whose tree has a schema. */
export interface TypedBackside<Schema> extends Omit<Database, keyof TypedApi<Schema>>, TypedApi<Schema> {
  on<Path extends string>(
    path: CheckedPath<Schema, Path>,
    listener: TypedListener<Schema, Path>,
    options?: ListenOptions & QueryOption,
  ): () => void;
  off<Path extends string>(
    path: CheckedPath<Schema, Path>,
    listener?: TypedListener<Schema, Path>,
    options?: QueryOption,
  ): void;
  once<Path extends string>(
    path: CheckedPath<Schema, Path>,
    options?: WaitOptions & QueryOption,
  ): Promise<ValueAt<Schema, Path> | null>;
  get<Path extends string>(
    path: CheckedPath<Schema, Path>,
    options?: WaitOptions & QueryOption,
  ): Promise<ValueAt<Schema, Path> | null>;
  changes<Path extends string>(
    path: CheckedPath<Schema, Path>,
    options?: WaitOptions & QueryOption,
  ): AsyncIterable<TypedSnapshot<SchemaAt<Schema, Path>>>;
}
