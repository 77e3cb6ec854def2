/** Types of `chat/static/chat/js/thinking.js`. */

import type { Message, Thought, Tool } from "../state/apiTypes";

export declare class Thinking {
  constructor(stored: Thought | null, active?: boolean);
  readonly text: string;
  readonly offset: number;
  readonly active: boolean;
  readonly seconds: number | null;
  readonly tail: string;
  append(piece: string, offset: number): void;
  pause(): void;
}
export declare function thinkingOf(message: Message): Thinking;
export declare function toolsAfter(tools: Tool[], event: Tool): Tool[];
export declare function durationOf(seconds: number): string;
