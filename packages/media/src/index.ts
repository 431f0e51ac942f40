export { assertBlobKey, blobKeyPart } from './blob-key.js';
export { assertRange } from './blob-range.js';
export type {
  BlobEntry,
  BlobInfo,
  BlobStore,
  ByteRange,
  ByteSource,
  OpenBlob,
  PutOptions,
} from './blob-store.js';
export { closeWithConnection } from './close-with-connection.js';
export { createImages, type ImagesOptions } from './create-images.js';
export { createMedia } from './create-media.js';
export { createFileBlobStore, type FileBlobStoreOptions } from './file-blob-store.js';
export {
  type ImageFormat,
  imageContentType,
  imageFormatOfType,
  parseImageFormat,
  sniffImage,
} from './image-format.js';
export { DEFAULT_IMAGE_LIMITS, type ImageLimits } from './image-limits.js';
export type { ImageFit, ImageInfo, Images, ImageTransform, TransformedImage } from './images.js';
export { MeasuredSource } from './measured-source.js';
export type { CollectReport, Media, MediaFile, UploadCondition, UploadRequest } from './media.js';
export { type MediaNode, parseMediaNode } from './media-node.js';
export { DEFAULT_MEDIA_LIMITS, type MediaLimits, type MediaOptions } from './media-options.js';
export type { ResumableUploads } from './resumable-uploads.js';
export type { Uploader } from './uploader.js';
