/** The list of threads, last activity first, with a mark at those with a running answer. */

import { byId, el, isComposing } from "./dom.js";
import { gettext } from "./translation.js";

export const pathOf = (threadId) => (threadId === null ? "/" : `/c/${encodeURIComponent(threadId)}`);

export class Threads {
  #items = new Map();
  #cursor = null;

  /** `on`: open(threadId), removed(threadId), failed(problem). */
  constructor({ api, on }) {
    Object.assign(this, { api, on, current: null, removing: new Set() });
    this.list = byId("threads");
    this.more = byId("more-threads");
    this.more.addEventListener("click", () => this.#page());
  }

  /** Load the first page again; deleted threads disappear. */
  async load() {
    const { threads, nextCursor } = await this.api.threads();
    this.#items.clear();
    this.list.replaceChildren();
    this.#add(threads, nextCursor);
  }

  /** Insert or update a thread. One with new activity moves to the top. */
  upsert(thread) {
    const known = this.#items.get(thread.threadId);
    const item = { thread, element: this.#element(thread) };
    this.#items.set(thread.threadId, item);
    const moved = !known || known.thread.updatedAt !== thread.updatedAt;
    const focused = known?.element.contains(document.activeElement);
    if (!moved) known.element.replaceWith(item.element);
    else {
      known?.element.remove();
      this.list.prepend(item.element);
    }
    if (focused) item.element.querySelector("a").focus();
    this.#showState();
  }

  remove(threadId) {
    this.#items.get(threadId)?.element.remove();
    this.#items.delete(threadId);
    this.#showState();
  }

  select(threadId) {
    this.current = threadId;
    this.#showState();
  }

  title(threadId) {
    return this.#items.get(threadId)?.thread.title ?? "";
  }

  thread(threadId) {
    return this.#items.get(threadId)?.thread ?? null;
  }

  async #page() {
    try {
      const { threads, nextCursor } = await this.api.threads({ cursor: this.#cursor });
      this.#add(threads, nextCursor);
    } catch (problem) {
      this.on.failed(problem);
    }
  }

  #add(threads, cursor) {
    for (const thread of threads) {
      if (this.#items.has(thread.threadId)) continue;
      const element = this.#element(thread);
      this.#items.set(thread.threadId, { thread, element });
      this.list.append(element);
    }
    this.#cursor = cursor;
    this.more.hidden = !cursor;
    this.#showState();
  }

  #showState() {
    for (const [id, { element }] of this.#items) {
      const link = element.querySelector("a");
      if (id === this.current) link?.setAttribute("aria-current", "page");
      else link?.removeAttribute("aria-current");
    }
    byId("no-threads").hidden = this.#items.size > 0;
  }

  #element(thread) {
    const title = thread.title || gettext("New chat");
    const running = thread.activeResponseId ? el("span", { class: "running" }, el("span", { class: "unseen" }, ` ${gettext("(answering)")}`)) : null;
    const link = el("a", { href: pathOf(thread.threadId) }, el("span", { class: "title" }, title), running);
    link.addEventListener("click", (event) => this.#open(event, thread.threadId));
    const rename = icon("rename", gettext("Rename"), title, () => this.#rename(thread));
    const remove = icon("remove", gettext("Delete"), title, () => this.#remove(thread));
    return el("li", {}, link, rename, remove);
  }

  #open(event, threadId) {
    // The browser itself opens new tabs and windows.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    this.on.open(threadId);
  }

  #rename(thread) {
    const { element } = this.#items.get(thread.threadId);
    const input = el("input", { value: thread.title, "aria-label": gettext("Title"), maxlength: "200" });
    let left = false;
    const leave = (title) => {
      if (left) return;
      left = true;
      this.upsert(thread);
      this.#items.get(thread.threadId).element.querySelector("a").focus();
      if (title && title !== thread.title) this.#changed(this.api.updateThread(thread.threadId, { title }));
    };
    input.addEventListener("keydown", (event) => {
      if (isComposing(event)) return;
      if (event.key === "Enter") leave(input.value.trim());
      if (event.key === "Escape") leave("");
    });
    input.addEventListener("blur", () => leave(input.value.trim()));
    element.replaceChildren(input);
    input.select();
  }

  async #changed(request) {
    try {
      this.upsert(await request);
    } catch (problem) {
      this.on.failed(problem);
    }
  }

  async #remove(thread) {
    if (!(await confirmed(gettext("“%(title)s” and all of its messages will be deleted permanently.", { title: thread.title || gettext("New chat") })))) return;
    this.removing.add(thread.threadId);
    try {
      await this.api.deleteThread(thread.threadId);
      this.remove(thread.threadId);
      this.on.removed(thread.threadId);
    } catch (problem) {
      this.on.failed(problem);
    }
  }
}

const icon = (name, label, title, click) =>
  el("button", { type: "button", class: `icon ${name}`, "aria-label": `${label} ${title}`, title: label, onclick: click });

function confirmed(words) {
  const dialog = byId("confirm");
  byId("confirm-words").textContent = words;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
