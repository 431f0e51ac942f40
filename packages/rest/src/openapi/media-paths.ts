/** One method of a path of files. */
export interface MediaOperation {
  readonly summary: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** What a request that is not refused is answered. */
  readonly answer: string;
  /** Whether the body is a file, or a part of one. */
  readonly takesBytes?: boolean;
}

const TRANSFORM = {
  width: 'Of the picture, in pixels',
  height: 'Of the picture, in pixels',
  fit: '`inside`, `outside`, `cover`, `contain` or `fill`',
  format: '`jpg`, `png`, `webp`, `avif` or `gif`',
  quality: 'From 1 to 100',
  rotate: '90, 180 or 270',
  background: '`rrggbb`',
  enlarge: 'Whether a small picture may be made larger',
};

const TUS = { 'Tus-Resumable': '`1.0.0`' };

const DOWNLOAD: MediaOperation = {
  summary: 'A file, or a picture made of it',
  query: { ...TRANSFORM, download: 'Have it saved instead of shown' },
  headers: { Range: 'A part of it', 'If-None-Match': 'Answer 304 if it has this ETag' },
  answer: 'The bytes',
};

/** Files and resumable uploads, by path and method. */
export const MEDIA_PATHS: Readonly<Record<string, Readonly<Record<string, MediaOperation>>>> = {
  '/.media/{path}': {
    get: DOWNLOAD,
    head: { ...DOWNLOAD, answer: 'What is known of the bytes' },
    put: {
      summary: 'Store the body as the file of a node; a transform replaces the picture before it is kept',
      query: { ...TRANSFORM, name: 'Of the file' },
      headers: { 'If-Match': 'Only if the file has this ETag', 'If-None-Match': '`*`: only if there is none' },
      answer: 'The node that describes the file',
      takesBytes: true,
    },
    delete: {
      summary: 'Remove a file and its node',
      headers: { 'If-Match': 'Only if the file has this ETag' },
      answer: 'Nothing',
    },
  },
  '/.uploads': {
    options: { summary: 'What the server knows of the tus protocol', answer: 'Nothing but headers' },
    post: {
      summary: 'Announce an upload by the tus protocol',
      headers: {
        ...TUS,
        'Upload-Length': 'Bytes of the file',
        'Upload-Metadata': '`path`, the node, and if you like `filename` and `filetype`, each in Base64',
      },
      answer: 'Where to send it, as `Location`',
      takesBytes: true,
    },
  },
  '/.uploads/{id}': {
    head: { summary: 'How much of an upload has arrived', headers: TUS, answer: 'The `Upload-Offset`' },
    patch: {
      summary: 'Send a part of an upload',
      headers: { ...TUS, 'Upload-Offset': 'Where the part begins' },
      answer: 'The new `Upload-Offset`',
      takesBytes: true,
    },
    delete: { summary: 'Give an upload up', headers: TUS, answer: 'Nothing' },
  },
};
