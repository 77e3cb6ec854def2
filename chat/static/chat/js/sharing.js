/** The dialog for sharing the open thread by link and for saving it as a file. */

import { announce } from "./announce.js";
import { copyText } from "./clipboard.js";
import { byId } from "./dom.js";
import { gettext } from "./translation.js";

export class Sharing {
  /** `threadId()` returns the open thread's id or null; `failed(problem)` shows an error. */
  constructor({ api, threadId, failed }) {
    Object.assign(this, { api, threadId, failed });
    this.dialog = byId("sharing");
    this.link = byId("share-link");
    byId("share").addEventListener("click", () => this.#open());
    byId("make-link").addEventListener("click", () => void this.#make());
    byId("copy-link").addEventListener("click", () => void this.#copy());
  }

  #open() {
    const threadId = this.threadId();
    if (threadId === null) return;
    this.#show("");
    byId("save-markdown").href = this.api.exportUrl(threadId, "markdown");
    byId("save-json").href = this.api.exportUrl(threadId, "json");
    this.dialog.showModal();
  }

  async #make() {
    try {
      const { url } = await this.api.createShare(this.threadId());
      this.#show(new URL(url, location.href).href);
      this.link.select();
      announce(gettext("The link is made."));
    } catch (problem) {
      this.dialog.close();
      this.failed(problem);
    }
  }

  #show(address) {
    this.link.value = address;
    byId("made-link").hidden = !address;
    byId("make-link").hidden = Boolean(address);
  }

  async #copy() {
    announce((await copyText(this.link.value)) ? gettext("Copied.") : gettext("The browser does not allow copying here."));
    this.link.select();
  }
}
