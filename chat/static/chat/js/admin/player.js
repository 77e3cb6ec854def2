/** Plays a recording at its original speed or a multiple of it, without the time in which only a person could go on. */

import { Recording } from "./recording.js";

const joined = (arrivals) => arrivals.map(([, text]) => text).join("");

export class Player {
  #frame = null;
  #last = 0;

  /** Calls `changed()` after each change of position or state. `next`, `nextThought`, `nextStep`: what is shown next. */
  constructor(recording, screen, changed) {
    Object.assign(this, { recording, screen, changed, at: 0, next: 0, nextThought: 0, nextStep: 0, speed: 1 });
  }

  get playing() {
    return this.#frame !== null;
  }

  get #more() {
    const { arrivals, thoughts, steps } = this.recording;
    return this.next < arrivals.length || this.nextThought < thoughts.length || this.nextStep < steps.length;
  }

  play() {
    if (this.playing) return;
    if (!this.#more) this.seek(0);
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
    const { arrivals, thoughts } = this.recording;
    this.at = milliseconds;
    this.next = Recording.after(arrivals, milliseconds);
    this.nextThought = Recording.after(thoughts, milliseconds);
    this.#showSteps();
    this.screen.set(joined(arrivals.slice(0, this.next)), this.#more);
    this.screen.setThought(joined(thoughts.slice(0, this.nextThought)));
    this.changed();
  }

  #step = () => {
    // Read the clock: the number of frames is wrong after the page was hidden, and the time that the browser passes to a frame
    // is a quarter of a second behind on a busy machine.
    const now = performance.now();
    this.at += (now - this.#last) * this.speed;
    this.#last = now;
    this.#skipWaiting();
    this.#advance();
    this.#frame = this.#more ? requestAnimationFrame(this.#step) : null;
    if (!this.playing) this.at = this.recording.length;
    this.changed();
  };

  #advance() {
    const { arrivals, thoughts } = this.recording;
    const [next, nextThought] = [Recording.after(arrivals, this.at), Recording.after(thoughts, this.at)];
    const text = joined(arrivals.slice(this.next, next));
    const thought = joined(thoughts.slice(this.nextThought, nextThought));
    Object.assign(this, { next, nextThought });
    if (text) this.screen.add(text, this.#more);
    if (thought) this.screen.addThought(thought);
    this.#showSteps();
  }

  #showSteps() {
    const { steps } = this.recording;
    this.nextStep = Recording.after(steps, this.at);
    this.screen.setSteps(steps.slice(0, this.nextStep));
  }

  #skipWaiting() {
    const { steps, length } = this.recording;
    const open = steps[this.nextStep - 1]?.[2];
    if (open) this.at = Math.max(this.at, steps[this.nextStep]?.[0] ?? length);
  }
}
