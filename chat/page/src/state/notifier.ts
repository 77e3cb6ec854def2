/** Notices that an answer has ended, or waits for the user, while the tab is in the background: in the tab's title, and, if wanted, by the browser. */

import { recall, remember } from "@plain/js/storage.js";
import { words } from "../words";
import type { Reply } from "./reply";
import { Store } from "./store";

const MARK = "● ";

export class Notifier extends Store {
  /** True if the user asked for notifications and the browser allows them. */
  wanted = isSupported() && recall("notify") === "on" && Notification.permission === "granted";
  /** True if the user asked and the browser refuses. */
  refused = false;

  constructor() {
    super();
    document.addEventListener("visibilitychange", () => this.#showMark(false));
    // The title follows the chat's: the mark is put before every new one while the tab is in the background.
    const title = document.querySelector("title");
    if (title) new MutationObserver(() => this.#marked && this.#showMark(true)).observe(title, { childList: true });
  }

  get supported() {
    return isSupported();
  }

  /** Turn notifications on or off. The browser asks for its permission the first time. */
  async toggle() {
    this.wanted = !this.wanted && (await Notification.requestPermission()) === "granted";
    this.refused = Notification.permission === "denied";
    remember("notify", this.wanted ? "on" : "");
    this.changed();
  }

  /** Show that an answer has ended, or waits for the user. */
  show(title: string, { id, status }: Pick<Reply, "id" | "status">) {
    if (!document.hidden) return;
    this.#showMark(true);
    const body = status === "waiting" ? words.requests.mark : (words.endings[status] ?? words.notify.body);
    if (this.wanted) notify(title, body, id);
  }

  #marked = false;

  #showMark(marked: boolean) {
    this.#marked = marked && document.hidden;
    const bare = document.title.startsWith(MARK) ? document.title.slice(MARK.length) : document.title;
    const title = this.#marked ? MARK + bare : bare;
    if (document.title !== title) document.title = title;
  }
}

function isSupported() {
  return typeof Notification !== "undefined";
}

function notify(title: string, body: string, tag: string) {
  try {
    const shown = new Notification(title, { body, tag });
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
  } catch {
    // Android's browsers show notifications of service workers alone; the title is marked all the same.
  }
}
