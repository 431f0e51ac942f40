/** What was opened one after the other, to be closed in the opposite order. */
export class Opened {
  readonly #closers: (() => Promise<void>)[] = [];

  /** Takes note of something to close; hands it back. */
  add<Closable extends { close(): Promise<void> }>(opened: Closable): Closable {
    this.onClose(() => opened.close());
    return opened;
  }

  onClose(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Closes everything, also when something cannot be closed: the first error is thrown at the end. Another call does nothing. */
  readonly close = async (): Promise<void> => {
    const errors: unknown[] = [];
    for (const close of this.#closers.splice(0).reverse()) {
      await close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  };
}

/** What `open` makes of the parts that it adds to the given object; if it fails, those are closed again. */
export async function openTogether<Whole>(open: (opened: Opened) => Promise<Whole>): Promise<Whole> {
  const opened = new Opened();
  try {
    return await open(opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}
