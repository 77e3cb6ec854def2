/** Types of `chat/static/chat/js/live.js`. */

import type { Thread } from "../state/apiTypes";

export declare class Live {
  constructor(on: { thread(event: "created" | "updated" | "deleted", thread: Thread): void; back(): void });
}
