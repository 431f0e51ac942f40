import { pathToFileURL } from 'node:url';

/** Calls `run` with the command line's arguments if the module at `url` is the one that `node` was told to run. */
export function runIfMain(url, run) {
  const [, file, ...values] = process.argv;
  if (file === undefined || pathToFileURL(file).href !== url) return;
  run(...values).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
