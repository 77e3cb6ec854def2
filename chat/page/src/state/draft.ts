/** Unsent text, stored per thread, and restored when the server refuses the prompt. */

import { recall, remember } from "@plain/js/storage.js";
import type { Attachment } from "./apiTypes";
import { Store } from "./store";

export interface Picture extends Attachment {
  name: string;
}

export class Draft extends Store {
  text = "";
  pictures: Picture[] = [];
  #key = "draft.new";
  #sent: string | null = null;

  /** Show the draft of a thread; null for a new chat. */
  switchTo(threadId: string | null) {
    this.#key = `draft.${threadId ?? "new"}`;
    this.text = recall(this.#key);
    this.pictures = [];
    this.changed();
  }

  /** Store the draft under a new thread's id from now on; the text stays. */
  rename(threadId: string) {
    this.#key = `draft.${threadId}`;
    remember(this.#key, this.text);
  }

  write(text: string) {
    this.text = text;
    remember(this.#key, text);
    this.changed();
  }

  add(picture: Picture) {
    this.pictures = [...this.pictures, picture];
    this.changed();
  }

  drop(picture: Picture) {
    this.pictures = this.pictures.filter((one) => one !== picture);
    this.changed();
  }

  /** Return the text and pictures to send. The text stays stored until the server has accepted it. */
  take() {
    const taken = { text: this.text.trim(), pictures: this.pictures };
    this.#sent = this.#key;
    this.text = "";
    this.pictures = [];
    this.changed();
    return taken;
  }

  /** Delete the stored draft: the server has accepted the message. */
  accepted() {
    if (this.#sent && (this.#sent !== this.#key || !this.text)) remember(this.#sent, "");
    this.#sent = null;
  }

  /** Restore the text for a change: the server will never accept it as it is. */
  refused() {
    if (this.#sent && !this.text) this.text = recall(this.#sent);
    this.#sent = null;
    this.changed();
  }
}
