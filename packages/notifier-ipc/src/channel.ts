/**
 * An ordered link to one other process. Messages are what the structured clone algorithm takes (a `MessagePort`, or
 * `process.send` with serialization `advanced`); none is lost or doubled as long as the link lives.
 */
export interface Channel {
  /** Throws or does nothing once the link is lost. */
  send(message: unknown): void;
  /** About how many bytes of what was sent the other end has not taken yet, if that is known. */
  readonly unsentBytes?: number;
  /** Calls `handler` for every message from now on; the returned function ends that. */
  onMessage(handler: (message: unknown) => void): () => void;
  /** Calls `handler` once when the link is lost, or soon after if it already is. */
  onClose(handler: () => void): void;
}
