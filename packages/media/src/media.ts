import type { Principal } from '@backside/protocol';
import type { Path } from '@backside/tree';
import type { BlobStore, ByteRange, ByteSource, OpenBlob } from './blob-store.js';
import type { Images, ImageTransform } from './images.js';
import type { MediaNode } from './media-node.js';
import type { MediaLimits } from './media-options.js';
import type { ResumableUploads } from './resumable-uploads.js';
import type { Uploader } from './uploader.js';

/** What must hold of the file that is there: ETags as `MediaFile.etag` has them. */
export interface UploadCondition {
  /** One of these is there; `*` for any. */
  readonly ifMatch?: readonly string[] | '*' | undefined;
  /** None of these is there; `*` for none at all. */
  readonly ifNoneMatch?: readonly string[] | '*' | undefined;
}

export interface UploadRequest extends UploadCondition {
  readonly principal: Principal;
  /** Whether the principal may still act, and as whom, while the bytes come and when they are there. Default: they do not change. */
  readonly uploader?: Uploader | undefined;
  /** Of the node that describes the file. */
  readonly path: Path;
  readonly source: ByteSource;
  /** For people; default the last key of the path. */
  readonly name?: string | undefined;
  /** A media type. Without one, or with `application/octet-stream`, images are known by their first bytes. */
  readonly type?: string | undefined;
  /** Bytes, where the client has said. */
  readonly size?: number | undefined;
  /** Keep this picture instead of the one that was sent. */
  readonly transform?: ImageTransform | undefined;
}

/** A file that may be read. */
export interface MediaFile {
  readonly node: MediaNode;
  /** Bytes. */
  readonly size: number;
  /** Without quotes; changes with every change of the bytes. */
  readonly etag: string;
  readonly contentType: string;
  /** When the bytes were last uploaded to this node, in milliseconds since the epoch. */
  readonly modified: number;
  open(range?: ByteRange): Promise<OpenBlob>;
}

export interface CollectReport {
  /** Blobs that no node referred to any more. */
  readonly blobs: number;
  /** Blobs, thumbnails and parts that a crash had left. */
  readonly orphans: number;
  /** Uploads that were never finished. */
  readonly uploads: number;
}

/**
 * Files and images of one database. Each is described by a node of the tree (`MediaNode`), and the rules for that node decide: who may
 * write it may upload there, who may read it may download. Equal bytes are stored once.
 */
export interface Media {
  readonly blobs: BlobStore;
  readonly images: Images;
  /** Uploads in several requests, by the tus protocol. */
  readonly uploads: ResumableUploads;

  /**
   * Stores a file and writes its node as the principal. Rights are decided before a byte is read, and again when the node is
   * written, for whoever the uploader is then. Rejects with `permission-denied`, `unauthenticated`, `too-large`, `invalid-data` (a broken image, or one of another kind than its type
   * says), `precondition-failed`; then nothing has changed and nothing is kept.
   */
  upload(request: UploadRequest): Promise<MediaNode>;

  /** The file that the node describes. Rejects with `permission-denied`, or `not-found` if there is none. */
  file(principal: Principal, path: Path): Promise<MediaFile>;

  /** Its picture, resized and so on; made once and kept. Rejects as `file` and `Images.transform` do. */
  thumbnail(principal: Principal, path: Path, transform: ImageTransform): Promise<MediaFile>;

  /** Removes the node as the principal; the bytes go once nothing refers to them. */
  remove(principal: Principal, path: Path, condition?: UploadCondition): Promise<void>;

  /**
   * Deletes bytes that no node refers to, what crashes left, and uploads that were given up. Safe at any time, on any number of nodes,
   * beside uploads of the same bytes.
   */
  collect(): Promise<CollectReport>;

  /** Puts limits in force for what begins from now on. */
  limit(limits: Partial<MediaLimits>): void;

  /** Ends a collection that is under way. Leaves the blob store to its owner. */
  close(): Promise<void>;
}
