/** Types of `chat/static/chat/js/scroll.js`. */

/** The place out of sight that a button leads to. */
export type Place = "latest" | "start" | null;

export declare class ReadingView {
  constructor(parts: { scroller: HTMLElement; column: HTMLElement; spacer: HTMLElement; picture: string; offer(place: Place): void });
  attach(): () => void;
  begin(prompt: () => Element | null): void;
  next(prompt: () => Element | null): void;
  open(prompt: () => Element | null, running: boolean): void;
  rest(): void;
  show(place: Element | Range): void;
  hold(grow: () => void): void;
  toEnd(): void;
  toStart(): void;
  update(): void;
}
