/**
 * The reader's place in the conversation. A sent prompt stands at the top of the view, and its answer grows below it.
 *
 * An answer higher than the view is followed to its end, whatever its pace: the newest text stays in sight, as in most chats.
 * Then its beginning is out of sight, and one button leads back to it. A gesture upwards ends the following, whatever its
 * distance; the end, or the other button, resumes it. So the view moves by itself only where the reader is at the end.
 */

/** Pixels above a prompt at the top of the view. */
const GAP = 12;
/** Pixels from the end that count as the end: fractions of zoomed pages. */
const END = 4;
/** Pixels of content below the view from which on the button is shown: a line and a half. */
const AWAY = 48;
/** Share of the view that a long prompt may take, so that its answer is seen below it. */
const PROMPT_SHARE = 0.4;

const UPWARD_KEYS = new Set(["ArrowUp", "PageUp", "Home"]);

export class ReadingView {
  #parts;
  #following = true;
  /** True at the start of a new chat, which has no newest text yet. */
  #resting = false;
  #anchor = null;
  #top = 0;
  #most = 0;
  /** True while the pointer holds the scrollbar or selects text. */
  #held = false;
  #touchY = 0;

  /**
   * `parts`: the `scroller`; the `column` of messages with everything above and below them; the `spacer`, which lets a prompt
   * stand at the top; and `offer(place)`, called with the place out of sight that a button should lead to: the "latest" text, the
   * "start" of the answer that is followed, or null.
   */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Listen to the reader's gestures and to changes of size. Return a function that ends it. */
  attach() {
    const { scroller, column } = this.#parts;
    const ending = new AbortController();
    const options = { passive: true, signal: ending.signal };
    scroller.addEventListener("wheel", (event) => event.deltaY < 0 && this.#release(event.target), options);
    scroller.addEventListener("touchstart", (event) => (this.#touchY = event.touches[0]?.clientY ?? 0), options);
    scroller.addEventListener("touchmove", (event) => this.#onTouch(event), options);
    scroller.addEventListener("pointerdown", (event) => (this.#held = event.pointerType === "mouse"), options);
    addEventListener("pointerup", () => this.#onPointerUp(), options);
    addEventListener("pointercancel", () => this.#onPointerUp(), options);
    document.addEventListener("keydown", (event) => this.#onKey(event), options);
    scroller.addEventListener("scroll", () => this.#onScroll(), options);
    const resized = new ResizeObserver(() => this.update());
    resized.observe(column);
    resized.observe(scroller);
    ending.signal.addEventListener("abort", () => resized.disconnect());
    return () => ending.abort();
  }

  /** Follow the newest text; with a prompt, start with it at the top of the view. */
  follow(prompt) {
    this.#anchor = prompt;
    this.#following = true;
    this.#resting = false;
    this.update();
  }

  /** Put the next prompt at the top if the reader follows; else leave the view alone. */
  next(prompt) {
    if (this.#following) this.follow(prompt);
  }

  /** Stay at the start, as of a new chat, whose greeting is higher than some phones. */
  rest() {
    this.#anchor = null;
    this.#following = false;
    this.#resting = true;
    this.#scrollTo(0);
    this.update();
  }

  /** Show a place in the middle of the view, and stay there. */
  show(place) {
    const { scroller } = this.#parts;
    this.#following = false;
    const box = place.getBoundingClientRect();
    const view = scroller.getBoundingClientRect();
    const room = Math.max(GAP, (view.height - box.height) / 2);
    this.#scrollTo(scroller.scrollTop + box.top - view.top - room);
    this.update();
  }

  /** Run `grow`, which adds content above, and keep the reader's place. */
  hold(grow) {
    const { scroller } = this.#parts;
    const below = scroller.scrollHeight - scroller.scrollTop;
    grow();
    this.#scrollTo(scroller.scrollHeight - below);
  }

  toEnd() {
    this.#following = true;
    this.update();
  }

  /** Go back to the prompt of the answer that was followed, and stay there. */
  toStart() {
    const { scroller } = this.#parts;
    this.#following = false;
    if (this.#anchor) this.#scrollTo(scroller.scrollTop + this.#anchor.getBoundingClientRect().top - scroller.getBoundingClientRect().top - GAP);
    this.update();
  }

  /** Adjust the view after content or window have changed their size. */
  update() {
    const { scroller, spacer } = this.#parts;
    spacer.style.blockSize = `${this.#room()}px`;
    if (this.#following && !this.#held) this.#scrollTo(scroller.scrollHeight - scroller.clientHeight);
    this.#remember();
    this.#offer();
  }

  /** Return the height of the spacer: what the last turn lacks of the view's height. */
  #room() {
    const { scroller, column } = this.#parts;
    if (!this.#anchor?.isConnected) return 0;
    const prompt = this.#anchor.getBoundingClientRect();
    const start = column.getBoundingClientRect().top;
    const hidden = Math.max(0, prompt.height - scroller.clientHeight * PROMPT_SHARE);
    return Math.max(0, Math.floor(prompt.top - start + hidden - GAP + scroller.clientHeight - column.offsetHeight));
  }

  #below() {
    const { scroller, column } = this.#parts;
    return column.offsetHeight - scroller.scrollTop - scroller.clientHeight;
  }

  #offer() {
    const latest = !this.#following && !this.#resting && this.#below() > AWAY;
    this.#parts.offer(latest ? "latest" : this.#following && this.#startIsAbove() ? "start" : null);
  }

  #startIsAbove() {
    if (!this.#anchor?.isConnected) return false;
    return this.#anchor.getBoundingClientRect().bottom < this.#parts.scroller.getBoundingClientRect().top;
  }

  #scrollTo(top) {
    this.#parts.scroller.scrollTop = top;
    this.#remember();
  }

  #remember() {
    const { scroller } = this.#parts;
    this.#top = scroller.scrollTop;
    this.#most = scroller.scrollHeight - scroller.clientHeight;
  }

  /** Stop following: the reader scrolls up. A list or text of its own below the pointer scrolls by itself. */
  #release(target) {
    const { scroller } = this.#parts;
    if (!this.#following || scroller.scrollTop <= 0 || scrollsUp(target, scroller)) return;
    this.#following = false;
  }

  #onTouch(event) {
    const y = event.touches[0]?.clientY ?? 0;
    if (y > this.#touchY) this.#release(event.target);
    this.#touchY = y;
  }

  #onKey(event) {
    const { target } = event;
    const upward = UPWARD_KEYS.has(event.key) || (event.key === " " && event.shiftKey);
    if (!upward || !(target instanceof Element) || isEditable(target)) return;
    if (target === document.body || this.#parts.scroller.contains(target)) this.#release(target);
  }

  #onPointerUp() {
    if (!this.#held) return;
    this.#held = false;
    this.update();
  }

  #onScroll() {
    const { scroller } = this.#parts;
    const top = scroller.scrollTop;
    const most = scroller.scrollHeight - scroller.clientHeight;
    // Without a shorter content, only the reader scrolls up: by the scrollbar, a search of the browser, or a screen reader.
    if (top < this.#top - 1 && most >= this.#most) this.#following = false;
    if (top > this.#top && most - top <= END) this.#following = true;
    this.#remember();
    this.#offer();
  }
}

/** Return true if an element between `target` and the scroller can scroll up itself. */
function scrollsUp(target, scroller) {
  for (let element = target instanceof Element ? target : null; element && element !== scroller; element = element.parentElement) {
    if (element.scrollTop > 0 && /auto|scroll/.test(getComputedStyle(element).overflowY)) return true;
  }
  return false;
}

function isEditable(element) {
  return element.matches("input, textarea, select, [contenteditable]");
}
