/** The log of a response with the time of each arrival, fetched in pieces. */

export class Recording {
  #source;

  /** `source`: the address of the log. `arrivals`: [milliseconds since the claim, text, true for a think item]. */
  constructor(source) {
    this.#source = source;
    this.arrivals = [];
    this.offset = 0;
    this.ended = false;
    this.status = "";
    this.readers = 0;
  }

  get length() {
    return this.arrivals.length ? this.arrivals[this.arrivals.length - 1][0] : 0;
  }

  /** Fetches the stored log after `offset`. Throws an Error with a message for users. */
  async load() {
    let more = true;
    while (more) {
      const answer = await fetch(`${this.#source}?after=${this.offset}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(await errorDetail(answer));
      const piece = await answer.json();
      this.arrivals.push(...piece.arrivals);
      // An empty piece ends the loop even if `more` is true; otherwise it could run forever.
      more = piece.more && piece.offset > this.offset;
      Object.assign(this, { offset: piece.offset, ended: piece.ended, status: piece.status, readers: piece.readers });
    }
  }

  /** The index of the first arrival after a moment. */
  after(milliseconds) {
    let [low, high] = [0, this.arrivals.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.arrivals[middle][0] <= milliseconds) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

async function errorDetail(answer) {
  try {
    return (await answer.json()).detail;
  } catch {
    return `The server answered ${answer.status}. Reload the page.`;
  }
}
