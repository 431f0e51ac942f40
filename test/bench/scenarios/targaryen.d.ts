/** The part of targaryen that the benchmark uses; it ships no types. */
declare module 'targaryen/lib/database/index.js' {
  export interface TargaryenResult {
    readonly allowed: boolean;
  }

  export interface TargaryenDatabase {
    readonly rules: {
      tryWrite(path: string, before: TargaryenDatabase, after: TargaryenDatabase, value: unknown): TargaryenResult;
    };
    readonly root: { $value(): unknown };
    as(auth: unknown): TargaryenDatabase;
    with(updates: { readonly now: number }): TargaryenDatabase;
    read(path: string, options: { readonly now: number }): TargaryenResult;
    write(
      path: string,
      value: unknown,
      priority: undefined,
      now: number,
    ): TargaryenResult & { readonly newDatabase: TargaryenDatabase };
  }

  const database: { create(rules: unknown, data: unknown, now: number): TargaryenDatabase };
  export default database;
}
