export { createGridFsBlobStore, type GridFsBlobStoreOptions } from './gridfs-blob-store.js';
