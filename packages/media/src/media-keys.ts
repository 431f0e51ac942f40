import { blobKeyPart } from './blob-key.js';

/** Where the blobs of one database stand in the store. */
export class MediaKeys {
  readonly #prefix: string;

  constructor(database: string) {
    this.#prefix = blobKeyPart(database);
  }

  blob(blob: string): string {
    return `${this.blobs}${blob.slice(0, 2)}/${blob}`;
  }

  get blobs(): string {
    return `${this.#prefix}/blobs/`;
  }

  thumbnails(blob?: string): string {
    const all = `${this.#prefix}/thumbnails/`;
    return blob === undefined ? all : `${all}${blob}/`;
  }

  uploads(upload?: string): string {
    const all = `${this.#prefix}/uploads/`;
    return upload === undefined ? all : `${all}${upload}/`;
  }

  get owner(): string {
    return `${this.#prefix}/owner`;
  }
}
