import { BacksideError } from '@backside/protocol';
import { Binary, type Collection, type Db } from 'mongodb';
import { MAX_PART_BYTES, type PartDocument, type StoredPayload } from './documents.js';

export interface PayloadPlace {
  /** Names what the payload belongs to, and the revision at which it would take effect. */
  readonly owner: string;
  readonly first: number;
}

/**
 * Bytes of any size that belong to one document. Small ones are in it; large ones are stored before it, in parts that only it
 * names: so they are there entirely as soon as the document is, and never without it.
 */
export class Payloads {
  readonly #parts: Collection<PartDocument>;

  constructor(db: Db) {
    this.#parts = db.collection('parts');
  }

  async createIndexes(): Promise<void> {
    await this.#parts.createIndex({ owner: 1, first: 1 });
  }

  /** Stores what does not fit into a document, and returns what the document has to hold. May be repeated under the same id. */
  async store(payloadId: string, bytes: Uint8Array, { owner, first }: PayloadPlace): Promise<StoredPayload> {
    if (bytes.length <= MAX_PART_BYTES) return { packed: new Binary(bytes), payloadId, parts: 0 };
    const parts = Math.ceil(bytes.length / MAX_PART_BYTES);
    for (let part = 0; part < parts; part++) {
      const piece = new Binary(bytes.subarray(part * MAX_PART_BYTES, (part + 1) * MAX_PART_BYTES));
      const document = { _id: `${payloadId}:${part}`, owner, first, bytes: piece };
      await this.#parts.replaceOne({ _id: document._id }, document, { upsert: true });
    }
    return { payloadId, parts };
  }

  /** The bytes; null if parts are missing. */
  async load({ packed, payloadId, parts }: StoredPayload): Promise<Uint8Array | null> {
    if (packed !== undefined) return packed.buffer.subarray(0, packed.position);
    const pieces: Uint8Array[] = [];
    for (let part = 0; part < parts; part++) {
      const document = await this.#parts.findOne({ _id: `${payloadId}:${part}` });
      if (document === null) return null;
      pieces.push(document.bytes.buffer.subarray(0, document.bytes.position));
    }
    return Buffer.concat(pieces);
  }

  /** Removes everything of `owner` that would have taken effect before `first`, whether a document ever named it or not. */
  async removeBefore({ owner, first }: PayloadPlace): Promise<void> {
    await this.#parts.deleteMany({ owner, first: { $lt: first } });
  }
}

/** What a reader throws that finds a document but not all of its parts. */
export function missingParts(documentId: string): BacksideError {
  return new BacksideError('internal', `parts of the stored document ${documentId} are missing`);
}
