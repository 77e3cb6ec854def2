/** Types of `chat/static/chat/js/envelope.js`. */

import type { FormState } from "../state/apiTypes";

export type Segment =
  | { kind: "step"; title: string; text: string; ephemeral: boolean; cut: boolean; artifact?: ArtifactMark }
  | { kind: "content" | "text" | "context"; text: string; cut: boolean; artifact?: ArtifactMark };
/** The artifact that a segment is part of; all its segments share the object. `whole`: it counts as a version. */
export interface ArtifactMark {
  kind: string;
  whole: boolean;
}
export declare function segments(reply: string): Segment[];
export declare function isShown(step: { title: string; text: string; ephemeral: boolean }, running: boolean): boolean;
export declare function wrap(words: string, context?: unknown[] | null): string;
export declare function holdsMarker(words: string): boolean;
export declare function unwrap(content: unknown): { words: string; form: FormState | null };
export declare function storedForm(reply: string): FormState | null;
export declare function withForm(reply: string, form: FormState): string;
