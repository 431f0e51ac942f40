// Made by `backside types` of react-todo.rules.json. To be made anew when the rules change.
import type { Json } from '@backside/sdk';

export interface Schema {
  todos?: {
    $uid: {
      $todo: {
        text: string;
        done: boolean;
        at: number;
      };
    };
  };
  windows?: {
    $uid: Json;
  };
}
