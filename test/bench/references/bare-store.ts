import { randomUUID } from 'node:crypto';

/** What a journal on a shared store cannot do without: one record stored as surely as the journal stores its own. */
export interface BareStore {
  /** Resolves once the server has acknowledged it: MongoDB with `w: majority, j: true`, PostgreSQL with its commit. */
  insert(record: Buffer): Promise<void>;
  /** Removes what was inserted. */
  close(): Promise<void>;
}

export interface BareStoreOptions {
  readonly kind: 'mongodb' | 'postgres';
  readonly url: string;
  /** How many inserts may be under way at once. */
  readonly width: number;
}

/** The vendor's client library with nothing above it, and a place in the store that nobody else uses. */
export function openBareStore(options: BareStoreOptions): Promise<BareStore> {
  return options.kind === 'mongodb' ? openMongo(options) : openPostgres(options);
}

async function openMongo({ url, width }: BareStoreOptions): Promise<BareStore> {
  const { Binary, MongoClient } = await import('mongodb');
  const client = await new MongoClient(url, { maxPoolSize: width }).connect();
  const database = client.db(`bench-${randomUUID()}`);
  const raw = database.collection<{ _id: string; packed: object }>('raw', {
    writeConcern: { w: 'majority', journal: true },
  });
  let inserted = 0;
  return {
    async insert(record) {
      inserted += 1;
      await raw.insertOne({ _id: String(inserted).padStart(16, '0'), packed: new Binary(record) });
    },
    async close() {
      await database.dropDatabase();
      await client.close();
    },
  };
}

async function openPostgres({ url, width }: BareStoreOptions): Promise<BareStore> {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({ connectionString: url, max: width });
  const table = `bench_${randomUUID().replaceAll('-', '')}`;
  await pool.query(`create table ${table} (id bigint generated always as identity primary key, packed bytea)`);
  return {
    async insert(record) {
      await pool.query({ name: 'insert', text: `insert into ${table} (packed) values ($1)`, values: [record] });
    },
    async close() {
      await pool.query(`drop table ${table}`);
      await pool.end();
    },
  };
}
