/** The dialog over the page, if any. */

import type { ServerPrompt } from "./apiTypes";
import type { SignInOutcome } from "./signInOutcome";
import { Store } from "./store";

export type Overlay =
  | { kind: "shortcuts" | "palette" }
  | { kind: "settings"; signIn?: SignInOutcome }
  | { kind: "share"; threadId: string }
  | { kind: "file"; id: string; name: string }
  | { kind: "prompt"; prompt: ServerPrompt };

export class Overlays extends Store {
  shown: Overlay | null = null;
  #focused: Element | null = null;

  open(overlay: Overlay) {
    if (!this.shown) this.#focused = document.activeElement;
    this.shown = overlay;
    this.changed();
  }

  close = () => {
    this.shown = null;
    this.changed();
    // Once the dialog is gone, unless a command has moved the focus.
    setTimeout(() => {
      const before = this.#focused;
      if (document.activeElement === document.body && before instanceof HTMLElement) before.focus();
    });
  };
}
