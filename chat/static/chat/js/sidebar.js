/** The list of threads: a drawer at a phone's width, always visible in a wider window. */

import { byId } from "./dom.js";

const narrow = matchMedia("(max-width: 52rem)");

export class Sidebar {
  constructor() {
    this.drawer = byId("sidebar");
    this.toggle = byId("menu");
    this.toggle.addEventListener("click", () => this.set(!this.open));
    byId("shade").addEventListener("click", () => this.set(false));
    byId("close-menu").addEventListener("click", () => this.set(false));
    narrow.addEventListener("change", () => this.set(false));
    this.drawer.addEventListener("keydown", (event) => this.#escape(event));
    this.set(false);
  }

  /** Open or close the drawer; a closed one takes no focus. */
  set(open) {
    const inside = this.drawer.contains(document.activeElement);
    this.open = open;
    document.body.toggleAttribute("data-menu", open);
    this.toggle.setAttribute("aria-expanded", String(open));
    this.drawer.inert = narrow.matches && !open;
    byId("main").inert = narrow.matches && open;
    if (open) byId("new-chat").focus();
    else if (narrow.matches && inside) this.toggle.focus();
  }

  #escape(event) {
    if (event.key === "Escape" && this.open && event.target.tagName !== "INPUT") this.set(false);
  }
}
