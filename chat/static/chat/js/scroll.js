/** Follow the end of the conversation only while the reader is there. */

/** Pixels from the end that still count as the end: a line and a half. */
const NEAR = 48;

export class Sticky {
  constructor(scroller, jump) {
    this.scroller = scroller;
    this.jump = jump;
    this.atEnd = true;
    this.resting = false;
    scroller.addEventListener("scroll", () => this.#updateAtEnd(), { passive: true });
    jump.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.follow()).observe(scroller);
  }

  /** Stay at the start of a new chat, whose greeting is higher than some phones, or follow the end again. */
  rest(resting) {
    this.resting = resting;
    this.jump.hidden ||= resting;
  }

  /** Adjust the position after the content has grown. */
  follow() {
    if (this.resting) return;
    if (this.atEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
    else this.#updateAtEnd();
  }

  toEnd() {
    this.atEnd = true;
    this.follow();
    this.#updateAtEnd();
  }

  /** Run `grow`, which adds content above, and keep the reader's position. */
  hold(grow) {
    const below = this.scroller.scrollHeight - this.scroller.scrollTop;
    grow();
    this.scroller.scrollTop = this.scroller.scrollHeight - below;
  }

  #updateAtEnd() {
    if (this.resting) return;
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    this.jump.hidden = this.atEnd;
  }
}
