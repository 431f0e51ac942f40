import type { Json } from '@backside/tree';

/** What the tree holds of a file. Anything else below the node is the application's own, and goes with an overwrite. */
export interface MediaNode {
  /** Names the bytes; readable only through a node that they were uploaded to. */
  readonly blob: string;
  /** For people. */
  readonly name: string;
  /** Media type, lower case, as the uploader said, or as the bytes do. */
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256, hex. */
  readonly hash: string;
  /** Pixels, of an image. */
  readonly width?: number;
  readonly height?: number;
}

/** Reads a node that anybody with the right may have written; null if it does not describe a file. */
export function parseMediaNode(value: Json): MediaNode | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const { blob, name, type, size, hash, width, height } = value;
  if (typeof blob !== 'string' || !BLOB_ID.test(blob)) return null;
  return {
    blob,
    name: typeof name === 'string' ? name : 'file',
    type: typeof type === 'string' ? type : 'application/octet-stream',
    size: typeof size === 'number' ? size : 0,
    hash: typeof hash === 'string' ? hash : '',
    ...(typeof width === 'number' && { width }),
    ...(typeof height === 'number' && { height }),
  };
}

/** What names the bytes of a file: 32 hex digits. */
export const BLOB_ID: RegExp = /^[0-9a-f]{32}$/;
