import { mkdtemp, rm } from 'node:fs/promises';
import type { RequestListener, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';

/** A server that speaks like S3, in this process, with empty buckets in a folder of its own. */
export interface S3Server {
  /** `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export async function startS3Server(buckets: readonly string[]): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), 'backside-s3-'));
  const configureBuckets = buckets.map((name) => ({ name }));
  const server = new OneByOne({ port: 0, address: '127.0.0.1', silent: true, directory, configureBuckets });
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    stop: async () => {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Answers the requests for an object one after the other. S3 replaces an object at once; this server writes its bytes in place and its metadata
 * after them, so that readers of that moment would see neither the one nor the other.
 */
class OneByOne extends S3rver {
  readonly #last = new Map<string, Promise<unknown>>();

  override callback(): RequestListener {
    const serve = super.callback();
    return (request, response) => {
      const [object = ''] = request.url!.split('?');
      const before = this.#last.get(object) ?? Promise.resolve();
      const ended = before.then(() => answered(response, () => serve(request, response)));
      this.#last.set(object, ended);
    };
  }
}

/** Resolves once the answer is sent, or nobody waits for it any more. */
async function answered(response: ServerResponse, serve: () => void): Promise<void> {
  if (response.closed) return;
  const closed = new Promise((resolve) => response.once('close', resolve));
  serve();
  await closed;
}
