/** Types of `chat/static/chat/js/thinking.js`. */

import type { Message, Thought, Tool, ToolProgress } from "../state/apiTypes";

/** An event of the stream; `callId` is the call's id. */
type ToolEvent = Omit<Tool, "id"> & { callId?: string };

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
export declare function toolsAfter(tools: Tool[], event: ToolEvent): Tool[];
export declare function progressWords(progress: ToolProgress | undefined): string;
export declare function durationOf(seconds: number): string;
export declare function thoughtBlocks(text: string): { kind: string; text: string }[];
