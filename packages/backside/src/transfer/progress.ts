import cliProgress from 'cli-progress';
import { formatSize } from '../config/quantity.js';

/** Shows how far a transfer is. */
export interface Progress {
  /** Bytes so far. */
  advance(bytes: number): void;
  end(): void;
}

const NO_PROGRESS: Progress = { advance: () => {}, end: () => {} };

/** A bar on a terminal, nothing elsewhere. Without a total it only counts. */
export function createProgress(
  stream: NodeJS.WritableStream & { readonly isTTY?: boolean },
  label: string,
  totalBytes: number | null,
): Progress {
  if (!stream.isTTY) return NO_PROGRESS;
  const shape = totalBytes === null ? '{done}' : '[{bar}] {percentage}% {done}';
  const bar = new cliProgress.SingleBar({ stream, format: `${label} ${shape} in {duration_formatted}` });
  bar.start(totalBytes ?? 0, 0, { done: formatSize(0) });
  return {
    advance: (bytes) => bar.update(bytes, { done: readable(bytes) }),
    end: () => bar.stop(),
  };
}

/** Rounded to a unit. */
function readable(bytes: number): string {
  const unit = bytes >= 2 ** 30 ? 2 ** 30 : bytes >= 2 ** 20 ? 2 ** 20 : 2 ** 10;
  return formatSize(Math.round(bytes / unit) * unit);
}
