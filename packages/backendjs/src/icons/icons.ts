import { randomUUID } from 'node:crypto';
import type { Images, Media, OpenBlob } from '@backside/media';
import { ADMIN } from '@backside/protocol';
import type { Json, Path } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import { type BlobName, LegacyBlobs } from '../files/legacy-blobs.js';
import { MAX_COUNT } from '../http/control.js';
import { LegacyError } from '../http/legacy-error.js';
import { equals } from '../rows/condition.js';
import { encodeKey } from '../rows/encode-key.js';
import type { Expected } from '../rows/row-store.js';
import { deleteSteps, putSteps } from '../rows/row-write.js';
import { Rows, untilUndisturbed } from '../rows/rows.js';
import type { Selection } from '../rows/select.js';
import type { Row } from '../rows/table.js';
import { ICONS } from '../rows/tables.js';
import { iconLimit } from './icon-limit.js';
import type { IconName } from './icon-name.js';
import type { PreparedImage } from './prepared-image.js';

/** The version of a picture that has no row. */
const WITHOUT_ROW = 'upload';

/** Which icons of a prefix. */
type IconsWish = Pick<Selection, 'conditions' | 'count' | 'page' | 'descending'>;

const ALL: IconsWish = { conditions: [], count: MAX_COUNT, page: 0, descending: false };

/** The columns of a row that a client chooses. */
export type IconColumns = Readonly<Record<string, Json>>;

/**
 * Rows of bk_icon and the pictures behind them. A row names its picture, which never changes: who sees the row sees the picture that
 * belongs to it, also while it is replaced.
 */
export class Icons {
  readonly #context: BackendjsContext;
  readonly #blobs: LegacyBlobs;
  readonly #rows: Rows;
  readonly images: Images;

  constructor(context: BackendjsContext, media: Media) {
    this.#context = context;
    this.#blobs = new LegacyBlobs(media.blobs, context.database.name);
    this.#rows = new Rows(context.database, context.tree);
    this.images = media.images;
  }

  get(name: IconName): Row | null {
    return this.#rows.get(ICONS, { ...name });
  }

  /** The rows of an account in a prefix that pass, by their types, as many as one answer has. */
  async list({ id, prefix }: Omit<IconName, 'type'>, wish: IconsWish = ALL): Promise<readonly Row[]> {
    const { conditions, ...paging } = wish;
    const own = [equals(ICONS, 'id', id), equals(ICONS, 'prefix', prefix), ...conditions];
    const { rows } = await this.#rows.page(ICONS, { ...paging, conditions: own, start: null, sort: '' });
    return rows;
  }

  /** The picture of a row; of no row the one that was uploaded without. Null if there is none. */
  async open(name: IconName): Promise<OpenBlob | null> {
    const version = versionOf(this.get(name));
    const found = await this.#blobs.get(blobName(name, version));
    if (found !== null) return found;
    const now = versionOf(this.get(name));
    return now === version ? null : this.#blobs.get(blobName(name, now));
  }

  /** Stores a picture and its row, in place of the one there is. Throws 403 beyond the limit of the prefix. */
  async put(name: IconName, image: PreparedImage, columns: IconColumns): Promise<void> {
    const version = randomUUID().replaceAll('-', '');
    const blob = { name: blobName(name, version), bytes: image.bytes, contentType: image.info.contentType };
    const row = { ...columns, ...described(image), blob: version };
    await this.#blobs.swap(blob, async () => {
      const before = await untilUndisturbed(() => this.#commit(name, row));
      return before === null ? null : blobName(name, before);
    });
  }

  /** Stores a picture without a row. */
  async upload(name: IconName, image: PreparedImage): Promise<void> {
    await this.#blobs.put(blobName(name, WITHOUT_ROW), image.bytes, image.info.contentType);
  }

  /** Removes the row and its picture. No error if there is none. */
  async remove(name: IconName): Promise<void> {
    const before = await untilUndisturbed(async () => {
      const { row, expected } = this.#rows.hold(ICONS, { ...name });
      if (row !== null) await this.#rows.write(ICONS, deleteSteps(ICONS, { ...name }), [expected]);
      return versionOf(row);
    });
    for (const version of new Set([before, WITHOUT_ROW])) await this.#blobs.remove(blobName(name, version));
  }

  /** Removes all pictures of an account, those of its messages too. */
  async removePictures(id: string): Promise<void> {
    await this.#blobs.removeAll(['images', id]);
  }

  /** Writes the row and gives the version of the picture that it had; null for none. */
  async #commit(name: IconName, columns: IconColumns): Promise<string | null> {
    const { row: before, expected } = this.#rows.hold(ICONS, { ...name });
    const restsOn = before === null ? this.#room(name) : null;
    const row = { ...columns, ...name, mtime: this.#context.now() };
    await this.#rows.write(ICONS, putSteps(ICONS, row), [restsOn ?? expected]);
    return before === null ? null : versionOf(before);
  }

  /** What a new icon rests on where a prefix is limited: all that the prefix holds. Null without a limit; throws 403 if it is full. */
  #room({ id, prefix }: IconName): Expected | null {
    const limit = iconLimit(this.#context.settings.iconsLimit, prefix);
    if (limit === Number.POSITIVE_INFINITY) return null;
    const path: Path = ['icons', encodeKey(id), encodeKey(prefix)];
    const there = limit < 1 ? 0 : this.#context.database.keys(ADMIN, path, { limit }).length;
    if (there >= limit) throw new LegacyError(403, 'no more icons of this prefix are allowed');
    return this.#rows.expected(ICONS, path);
  }
}

function versionOf(row: Row | null): string {
  const version = row?.blob;
  return typeof version === 'string' && /^[0-9a-f]{32}$/.test(version) ? version : WITHOUT_ROW;
}

function blobName({ id, prefix, type }: IconName, version: string): BlobName {
  return ['images', id, prefix, type, version];
}

function described({ info, ext }: PreparedImage): IconColumns {
  return { width: info.width, height: info.height, ext };
}
