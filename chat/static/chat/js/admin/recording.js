/** The text, the thought and the requests of a response with the time of each arrival, fetched in pieces. */

import { gettext } from "../translation.js";

export class Recording {
  #source;

  /**
   * `source`: the address of the log. `arrivals`: [milliseconds since the claim, text, true for a think item], `thoughts`:
   * [milliseconds, thought], `steps`: [milliseconds, line, number of requests that are open from then on].
   */
  constructor(source) {
    this.#source = source;
    this.arrivals = [];
    this.thoughts = [];
    this.steps = [];
    this.offset = 0;
    this.thinkingOffset = 0;
    this.ended = false;
    this.status = "";
    this.readers = 0;
  }

  get length() {
    return Math.max(...[this.arrivals, this.thoughts, this.steps].map((parts) => parts.at(-1)?.[0] ?? 0));
  }

  /** Fetches what is stored after both offsets. Throws an Error with a message for users. */
  async load() {
    let more = true;
    while (more) {
      const place = `after=${this.offset}&afterThinking=${this.thinkingOffset}`;
      const answer = await fetch(`${this.#source}?${place}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(await errorDetail(answer));
      const piece = await answer.json();
      this.arrivals.push(...piece.arrivals);
      this.thoughts.push(...piece.thoughts);
      // An empty piece ends the loop even if `more` is true; otherwise it could run forever.
      more = piece.more && (piece.offset > this.offset || piece.thinkingOffset > this.thinkingOffset);
      const { steps, offset, thinkingOffset, ended, status, readers } = piece;
      Object.assign(this, { steps, offset, thinkingOffset, ended, status, readers });
    }
  }

  /** The index of the first of these arrivals after a moment. */
  static after(arrivals, milliseconds) {
    let [low, high] = [0, arrivals.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (arrivals[middle][0] <= milliseconds) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

async function errorDetail(answer) {
  try {
    return (await answer.json()).detail;
  } catch {
    return gettext("The server answered %(status)s. Reload the page.", { status: answer.status });
  }
}
