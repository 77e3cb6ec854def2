/** Types of `chat/static/chat/js/wording.js`. */

export interface Wording {
  tones: Record<"danger" | "error" | "warning" | "success" | "info" | "neutral", string>;
  code: string;
  image: string;
  table: string;
  moreRows(count: number): string;
  suggestions: string;
  actions: string;
  choose: string;
  required: string;
  steps(count: number): string;
}
export declare const wording: Wording;
export declare function speak(others: Wording): void;
