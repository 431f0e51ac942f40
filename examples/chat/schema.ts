/** The tree of the chat, as chat.rules.json guards it. */
export interface ChatSchema {
  rooms: { $room: Room };
  messages: { $room: { $message: Message } };
  typing: { $room: { $uid: string } };
}

export interface Room {
  name: string;
  /** The uid of who opened it. */
  by: string;
  /** Milliseconds since 1970, by the server's clock, here and below. */
  time: number;
  /** Whether only that user may write. */
  announcements?: boolean;
}

export interface Message {
  by: string;
  /** What the author was called then. */
  name: string;
  text: string;
  time: number;
}
