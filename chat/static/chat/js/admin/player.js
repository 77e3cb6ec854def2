/** Plays a recording at its original speed or a multiple of it. */

export class Player {
  #frame = null;
  #last = 0;

  /** Calls `changed()` after each change of position or state. */
  constructor(recording, screen, changed) {
    Object.assign(this, { recording, screen, changed, at: 0, next: 0, speed: 1 });
  }

  get playing() {
    return this.#frame !== null;
  }

  play() {
    if (this.playing) return;
    if (this.next >= this.recording.arrivals.length) this.seek(0);
    this.#last = performance.now();
    this.#frame = requestAnimationFrame(this.#step);
    this.changed();
  }

  pause() {
    cancelAnimationFrame(this.#frame);
    this.#frame = null;
    this.changed();
  }

  /** Moves to a position, in milliseconds of the recording. */
  seek(milliseconds) {
    this.at = milliseconds;
    this.next = this.recording.after(milliseconds);
    const texts = this.recording.arrivals.slice(0, this.next).map(([, text]) => text);
    this.screen.set(texts.join(""), this.next < this.recording.arrivals.length);
    this.changed();
  }

  #step = () => {
    // Read the clock: the number of frames is wrong after the page was hidden, and the time that the browser passes to a frame
    // is a quarter of a second behind on a busy machine.
    const now = performance.now();
    this.at += (now - this.#last) * this.speed;
    this.#last = now;
    const until = this.recording.after(this.at);
    if (until > this.next) {
      const texts = this.recording.arrivals.slice(this.next, until).map(([, text]) => text);
      this.next = until;
      this.screen.add(texts.join(""), until < this.recording.arrivals.length);
    }
    this.#frame = until < this.recording.arrivals.length ? requestAnimationFrame(this.#step) : null;
    if (!this.playing) this.at = this.recording.length;
    this.changed();
  };
}
