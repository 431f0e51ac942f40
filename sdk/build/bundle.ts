import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const PACKAGE: string = fileURLToPath(new URL('..', import.meta.url));

/** A minified module, and what it takes. */
export interface Bundle {
  readonly code: string;
  readonly minifiedBytes: number;
  /** What a server sends that compresses: gzip, at its best. */
  readonly gzippedBytes: number;
}

/**
 * Bundles what a module exports, for browsers, React left out. `source` may import from `./src`. Rejects if any of it needs Node.
 * With a name, it is a script that defines that global; without, a module.
 */
export async function bundle(source: string, globalName?: string): Promise<Bundle> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: PACKAGE, sourcefile: 'entry.ts', loader: 'ts' },
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    conditions: ['source'],
    external: ['react'],
    logLevel: 'error',
    ...(globalName === undefined ? { format: 'esm' as const } : { format: 'iife' as const, globalName }),
  });
  const [file] = outputFiles;
  const { contents, text } = file!;
  return { code: text, minifiedBytes: contents.length, gzippedBytes: gzipSync(contents, { level: 9 }).length };
}
