/** The dashboard: shows a chart's values under the pointer and by arrow keys, and refreshes figures and panels. */

import { ChartValues } from "./chartValues.js";
import { gettext } from "../translation.js";

/** Milliseconds between two refreshes: the figures change with each response, and one refresh is some queries of roll-ups. */
const REFRESH_INTERVAL = 15_000;

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const values = new ChartValues(document.querySelector(".chat-overview"));

class LivePage {
  #paused = false;
  #due = performance.now() + REFRESH_INTERVAL;
  #running = false;
  #html = new Map(sections(document).map((section) => [section.dataset.live, section.innerHTML]));

  start() {
    part("live").hidden = false;
    this.#say(gettext("Updated %(time)s", { time: clock() }));
    part("pause").addEventListener("click", () => this.#toggle());
    document.addEventListener("visibilitychange", () => void this.#tick());
    setInterval(() => void this.#tick(), 1000);
  }

  #toggle() {
    this.#paused = !this.#paused;
    this.#due = performance.now();
    part("pause").textContent = this.#paused ? gettext("Resume updates") : gettext("Pause updates");
    void this.#tick();
  }

  async #tick() {
    if (document.hidden || this.#paused || this.#running || performance.now() < this.#due) return;
    this.#running = true;
    try {
      await this.#refresh();
      this.#say(gettext("Updated %(time)s", { time: clock() }));
    } catch (problem) {
      this.#say(`${problem.message} ${gettext("Last attempt: %(time)s.", { time: clock() })}`);
    }
    this.#due = performance.now() + REFRESH_INTERVAL;
    this.#running = false;
  }

  /** Fetches this page again and takes over what changed, except where the reader works. Throws an Error for people. */
  async #refresh() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok) throw new Error(gettext("The server cannot be reached."));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = new Map(sections(page).map((section) => [section.dataset.live, section]));
    if (!fresh.size) throw new Error(gettext("You are signed out: reload the page."));
    for (const section of sections(document)) {
      const changed = fresh.get(section.dataset.live);
      if (changed && !section.contains(document.activeElement)) this.#show(section, changed);
    }
  }

  #show(section, changed) {
    const name = section.dataset.live;
    if (this.#html.get(name) === changed.innerHTML) return;
    this.#html.set(name, changed.innerHTML);
    const open = section.querySelector("details")?.open;
    section.replaceChildren(...changed.childNodes);
    const details = section.querySelector("details");
    if (details && open) details.open = true;
    values.prepare(section);
  }

  #say(text) {
    part("updated").textContent = text;
  }
}

function sections(page) {
  return [...page.querySelectorAll("[data-live]")];
}

function clock() {
  return new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

new LivePage().start();
