/** What is written and not sent yet: kept for each thread, and given back when the server will not take it. */

import { recall, remember } from "@plain/js/storage.js";
import type { Attachment } from "./shapes";
import { Store } from "./store";

export interface Picture extends Attachment {
  name: string;
}

export class Draft extends Store {
  text = "";
  pictures: Picture[] = [];
  #key = "draft.new";
  #sent: string | null = null;

  /** Shows the draft of a thread; null is the one of a new chat. */
  turnTo(threadId: string | null) {
    this.#key = `draft.${threadId ?? "new"}`;
    this.text = recall(this.#key);
    this.pictures = [];
    this.changed();
  }

  /** A new thread has its own name from now on; what is written stays. */
  rename(threadId: string) {
    this.#key = `draft.${threadId}`;
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

  /** The words and pictures to send. They are kept until the server has them. */
  take() {
    const taken = { text: this.text.trim(), pictures: this.pictures };
    this.#sent = this.#key;
    this.text = "";
    this.pictures = [];
    this.changed();
    return taken;
  }

  /** The server has the message: its draft may go. */
  accepted() {
    if (this.#sent && (this.#sent !== this.#key || !this.text)) remember(this.#sent, "");
    this.#sent = null;
  }

  /** The server will never take it as it is: the words come back to be changed. */
  refused() {
    if (this.#sent && !this.text) this.text = recall(this.#sent);
    this.#sent = null;
    this.changed();
  }
}
