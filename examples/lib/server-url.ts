declare const BACKSIDE_URL: string;

/** Where the page finds its server: put in by the bundler, `ws://127.0.0.1:5000` unless told otherwise. */
export const serverUrl: string = BACKSIDE_URL;

/** The HTTP side of the same server. */
export const httpUrl: string = serverUrl.replace(/^ws/, 'http');
