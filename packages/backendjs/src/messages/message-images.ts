/** Where the images of messages are kept. What a message is is known by its recipient, time and sender. */
export interface MessageImages {
  /** Stores the image and gives its type, e.g. `jpg`. Throws 400 for what is no image. */
  put(message: MessageName, bytes: Uint8Array): Promise<string>;
  /** No error if there is none. */
  remove(message: MessageName): Promise<void>;
}

export interface MessageName {
  readonly recipient: string;
  readonly sender: string;
  /** Milliseconds since the epoch. */
  readonly mtime: string;
}

/** Where a client finds the image of a message of its own. */
export function messageImageUrl({ sender, mtime }: Omit<MessageName, 'recipient'>): string {
  return `/message/image?sender=${encodeURIComponent(sender)}&mtime=${encodeURIComponent(mtime)}`;
}
