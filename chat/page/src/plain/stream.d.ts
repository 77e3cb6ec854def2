/** Types of `chat/static/chat/js/stream.js`. */

import type { Api, Problem } from "@plain/js/api.js";
import type { End, Start, Tool } from "../state/apiTypes";

export declare class Follower {
  constructor(options: {
    api: Api;
    responseId: string;
    offset: number;
    thinkingOffset: number;
    post: ((signal: AbortSignal) => Promise<Response>) | null;
    on: {
      accepted(): void;
      start(data: Start): void;
      text(piece: string, offset: number): void;
      thought(piece: string, thinkingOffset: number): void;
      tool(data: Tool): void;
      end(data: End): void;
      waiting(waits: boolean): void;
      refused(problem: Problem): void;
    };
  });
  run(): Promise<void>;
  leave(): void;
}
