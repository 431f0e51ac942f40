/** A file of a multipart form, within the upload limit. */
export interface UploadedFile {
  /** As the client named it; never to be used as a path. Empty if it did not. */
  readonly filename: string;
  /** As the client says; not to be believed. */
  readonly contentType: string;
  readonly bytes: Uint8Array;
}
