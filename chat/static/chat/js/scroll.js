/** Keeps the end in view only while the reader is there. */

/** Pixels from the end that still count as being there: a line and a half. */
const NEAR = 48;

export class Sticky {
  constructor(scroller, jump) {
    this.scroller = scroller;
    this.jump = jump;
    this.atEnd = true;
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    jump.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.follow()).observe(scroller);
  }

  /** After the content has grown. */
  follow() {
    if (this.atEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
    else this.#look();
  }

  toEnd() {
    this.atEnd = true;
    this.follow();
    this.#look();
  }

  /** Runs `grow`, which adds content above, without moving what is being read. */
  hold(grow) {
    const below = this.scroller.scrollHeight - this.scroller.scrollTop;
    grow();
    this.scroller.scrollTop = this.scroller.scrollHeight - below;
  }

  #look() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    this.jump.hidden = this.atEnd;
  }
}
