export { blobStoreConformance } from './blob-store-conformance.js';
