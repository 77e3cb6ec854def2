/** Types of `chat/static/chat/js/envelope.js`. */

import type { FormState } from "../state/apiTypes";

export type Segment =
  | { kind: "step"; title: string; text: string; ephemeral: boolean; cut: boolean }
  | { kind: "content" | "text" | "context"; text: string; cut: boolean };
export declare function segments(reply: string): Segment[];
export declare function isShown(step: { title: string; text: string; ephemeral: boolean }, running: boolean): boolean;
export declare function wrap(words: string, context?: unknown[] | null): string;
export declare function holdsMarker(words: string): boolean;
export declare function unwrap(content: unknown): { words: string; form: FormState | null };
export declare function storedForm(reply: string): FormState | null;
export declare function withForm(reply: string, form: FormState): string;
