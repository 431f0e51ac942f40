/** How long a test waits at most for something to happen; it goes on as soon as that has. */
const PATIENCE_MS = 10_000;

/** Waits until `holds`; fails with what `holds` cannot tell. */
export async function until(holds: () => boolean, what = 'what was waited for'): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !holds(); ) {
    if (Date.now() > end) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
