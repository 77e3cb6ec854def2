/** Types of `chat/static/chat/js/render.js`. */

import type { Block } from "@plain/js/blocks.js";
import type { FormState } from "../state/apiTypes";

export declare function patch(
  parent: HTMLElement,
  blocks: Block[],
  seen: string[],
  actions: { say(words: string, context: unknown[] | null): void; form: FormState | null; change(form: FormState): void },
): void;
