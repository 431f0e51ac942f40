import { choice, integer, list, type OptionTable, requiredText, text, toggle } from './option.js';
import { size } from './quantity.js';

/** Images and files, jobs, functions and the legacy interface. Sizes are bytes. */
export interface EdgeConfig {
  readonly docs: 'auto' | 'on' | 'off';
  readonly blobs: 'files' | 's3' | 'gridfs';
  readonly blobsUrl: string | null;
  readonly blobsBucket: string;
  readonly blobsRegion: string;
  readonly maxUploadBytes: number;
  readonly queue: 'embedded' | 'redis' | 'amqp';
  readonly queueUrl: string | null;
  readonly queuePrefix: string;
  readonly jobs: string | null;
  readonly jobWorkers: number;
  readonly jobQueues: readonly string[];
  readonly crontab: readonly string[];
  readonly functions: string | null;
  readonly backendjs: boolean;
  readonly backendjsSettings: string | null;
  readonly backendjsKey: string | null;
  readonly cache: 'memory' | 'redis';
  readonly cacheUrl: string | null;
}

const MEDIA = 'Images and files';
const JOBS = 'Jobs and functions';
const LEGACY = 'Legacy interface';
const QUEUE_NAME = /^[A-Za-z0-9_-]{1,128}$/;

export const EDGE_OPTIONS: OptionTable<EdgeConfig> = {
  docs: choice(['auto', 'on', 'off'], {
    group: 'Network',
    default: 'auto',
    description: 'The page to try the HTTP interface, beside `/openapi.json`; `auto` serves it in development only.',
  }),
  blobs: choice(['files', 's3', 'gridfs'], {
    group: MEDIA,
    default: 'files',
    description:
      'Where the bytes of images and files are: in the data folder, in a bucket of S3 or what speaks like it, or in GridFS of MongoDB. Several nodes need one that they share.',
  }),
  blobsUrl: text({
    group: MEDIA,
    placeholder: 'URL',
    secret: true,
    description:
      'The server of the blobs: for `s3` such as `https://KEY:SECRET@s3.example.com` (AWS itself if left out; without key the ones of the environment), for `gridfs` the one of `storeUrl` if left out.',
  }),
  blobsBucket: requiredText({
    group: MEDIA,
    default: 'backside',
    placeholder: 'NAME',
    description: 'The bucket in S3 or GridFS.',
  }),
  blobsRegion: requiredText({
    group: MEDIA,
    default: 'us-east-1',
    placeholder: 'NAME',
    description: 'The region of the bucket in S3.',
  }),
  maxUploadBytes: size({ group: MEDIA, default: 2 ** 30, min: 1, description: 'Size of one file.' }),
  queue: choice(['embedded', 'redis', 'amqp'], {
    group: JOBS,
    default: 'embedded',
    description: 'Where jobs wait: in the store itself, in Redis, or in RabbitMQ.',
  }),
  queueUrl: text({
    group: JOBS,
    placeholder: 'URL',
    secret: true,
    description: 'The server of the queue; the one of `notifierUrl` if left out and the notifier is of the same kind.',
  }),
  queuePrefix: requiredText({
    group: JOBS,
    default: 'backside',
    placeholder: 'NAME',
    description: 'What names in the server of the queue begin with; nodes of the same prefix share their jobs.',
  }),
  jobs: text({
    group: JOBS,
    placeholder: 'DIR',
    description: 'A folder of ES modules whose exported functions are the handlers of jobs.',
  }),
  jobWorkers: integer({
    group: JOBS,
    default: 1,
    min: 0,
    max: 64,
    description: 'Processes of this node that run jobs; 0 leaves them to other nodes.',
  }),
  jobQueues: list({
    group: JOBS,
    default: ['default'],
    item: QUEUE_NAME,
    min: 1,
    description: 'The queues that this node takes jobs from.',
  }),
  crontab: list({
    group: JOBS,
    default: [],
    description:
      'Files that say which job is submitted when; read again when they change. One that does not exist is told in the log, and read once it does.',
  }),
  functions: text({
    group: JOBS,
    placeholder: 'DIR',
    description:
      'A folder of ES modules whose exported functions run when data changes, somebody signs up, or it is time.',
  }),
  backendjs: toggle({
    group: LEGACY,
    default: false,
    description: 'Serve the interface of the original backendjs (`/account/get` and so on) over the first database.',
  }),
  backendjsSettings: text({
    group: LEGACY,
    placeholder: 'FILE',
    description: 'A JSON file of its settings under their original names, such as `{"api-upload-limit": 20971520}`.',
  }),
  backendjsKey: text({
    group: LEGACY,
    placeholder: 'BASE64',
    secret: true,
    description:
      'What its signing secrets are encrypted with: 32 bytes in base64, the same on all nodes. One node alone makes a key in its data folder if left out.',
  }),
  cache: choice(['memory', 'redis'], {
    group: LEGACY,
    default: 'memory',
    description: 'Where its caches and rate limits are: in each process, or in Redis for all.',
  }),
  cacheUrl: text({
    group: LEGACY,
    placeholder: 'URL',
    secret: true,
    description: 'The server of the cache; the one of `notifierUrl` if left out and the notifier is Redis.',
  }),
};
