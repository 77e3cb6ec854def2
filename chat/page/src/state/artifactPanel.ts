/** The artifact that is shown beside the chat, if any. */

import { Store } from "./store";

/** An artifact by its reply, and by its place among those of the reply. */
export interface ShownArtifact {
  threadId: string;
  messageId: string;
  place: number;
}

class ArtifactPanelState extends Store {
  shown: ShownArtifact | null = null;
  /** True while it takes the whole window. */
  full = false;
  #opener: HTMLElement | null = null;

  open(shown: ShownArtifact) {
    const focused = document.activeElement;
    this.#opener = focused instanceof HTMLElement ? focused : null;
    this.shown = shown;
    this.changed();
  }

  setFull(full: boolean) {
    this.full = full;
    this.changed();
  }

  close = () => {
    this.shown = null;
    this.full = false;
    this.changed();
    // Once the chat behind a covering panel can take the focus again.
    setTimeout(() => this.#opener?.focus());
  };
}

export const artifactPanel = new ArtifactPanelState();
