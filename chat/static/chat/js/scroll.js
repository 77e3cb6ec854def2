/**
 * The reader's place in the conversation. A sent prompt stands at the top of the view, and its answer grows below it.
 *
 * An answer that grows out of the view is followed, so that it ends in sight at whatever pace it comes, and a button leads back to
 * its beginning; a picture, such as a chart, stays at its beginning. A gesture of the reader, whatever its distance, ends the following
 * and the standing at the top alike; a click into an answer that still fits keeps it where it is. Another button, or scrolling to the
 * end, makes the view follow the newest text again.
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

/**
 * What the view does when its content grows. "anchored": it keeps the newest prompt at the top, or the end of a shorter chat at the
 * bottom. "following": it keeps the end in sight. "free": it stays where the reader went. "resting": it stays at the start of a new
 * chat, which has no newest text yet.
 */
const ANCHORED = "anchored";
const FOLLOWING = "following";
const FREE = "free";
const RESTING = "resting";

export class ReadingView {
  #parts;
  #mode = ANCHORED;
  /** Return the element of the newest prompt, or null: a page replaces elements, as while a prompt is edited. */
  #anchor = () => null;
  /** True while the last turn has the room of a whole view, so that its prompt can stand at the top. */
  #roomy = false;
  /** True if an answer that grows out of the view is to be followed; the height of the column when the view was last adjusted. */
  #follows = false;
  #height = 0;
  /** True if nothing was out of sight below the view before its content changed. */
  #atEnd = true;
  #top = 0;
  #most = 0;
  /** True while the pointer holds the scrollbar or selects text. */
  #held = false;
  #touchY = 0;

  /**
   * `parts`: the `scroller`; the `column` of messages with everything above and below them; the `spacer`, which lets a prompt
   * stand at the top; the selector of a `picture`, which is looked at from its beginning; and `offer(place)`, called with the place out
   * of sight that a button should lead to: the "latest" text, the "start" of the answer that is followed, or null.
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
    scroller.addEventListener("click", () => (this.#follows = false), options);
    scroller.addEventListener("scroll", () => this.#onScroll(), options);
    const resized = new ResizeObserver(() => this.update());
    resized.observe(column);
    resized.observe(scroller);
    ending.signal.addEventListener("abort", () => resized.disconnect());
    return () => ending.abort();
  }

  /** Put a prompt that the reader has sent at the top of the view. `prompt` returns its element. */
  begin = (prompt) => this.open(prompt, true);

  /** Put a prompt at the top that started by itself, or in another tab. Leave the view alone if there is more to read before it. */
  next(prompt) {
    if (this.#mode !== FREE && this.#atEnd) return this.begin(prompt);
    this.#anchor = prompt;
    this.#roomy = true;
    // The prompt that stands at the top is not the newest any more: stay without it.
    this.#become(FREE);
    this.update();
  }

  /** Show a chat that was opened: its newest prompt at the top, or its end if that is shorter. `running`: its answer still grows. */
  open(prompt, running) {
    this.#anchor = prompt;
    this.#roomy = this.#follows = running;
    this.#height = this.#parts.column.offsetHeight;
    this.#become(ANCHORED);
    this.update();
  }

  /** Stay at the start, as of a new chat, whose greeting is higher than some phones. */
  rest() {
    this.#anchor = () => null;
    this.#become(RESTING);
    this.#scrollTo(0);
    this.update();
  }

  /** Show a place in the middle of the view, and stay there. */
  show(place) {
    const { scroller } = this.#parts;
    this.#become(FREE);
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

  /** Go to the end and follow it. */
  toEnd() {
    this.#arrive();
    this.update();
  }

  /** Go back to the prompt of the answer that was followed, and stay there. */
  toStart() {
    this.#follows = false;
    this.#become(ANCHORED);
    this.update();
  }

  /** Adjust the view after content or window have changed their size. */
  update() {
    this.#notice();
    this.#parts.spacer.style.blockSize = `${this.#room()}px`;
    this.#keepUp();
    if (!this.#held) this.#scrollTo(this.#target());
    this.#remember();
    this.#offer();
  }

  /** Change the mode. Only where the reader is left alone does the browser keep the place while what is above it grows. */
  #become(mode) {
    this.#mode = mode;
    this.#remember();
    this.#parts.scroller.style.overflowAnchor = mode === FREE || mode === RESTING ? "" : "none";
  }

  /** Take up what the view does at its end: stand there while the prompt is at the top, else follow. */
  #arrive() {
    this.#become(this.#room() > 0 ? ANCHORED : FOLLOWING);
  }

  /** Return the position where the view belongs. */
  #target() {
    const { scroller } = this.#parts;
    const most = scroller.scrollHeight - scroller.clientHeight;
    if (this.#mode === FOLLOWING) return most;
    return this.#mode === ANCHORED ? Math.min(this.#anchorTop() ?? most, most) : scroller.scrollTop;
  }

  /** Return the position at which the newest prompt stands at the top; of a long one, its last lines. Null without a prompt. */
  #anchorTop() {
    const { scroller, column } = this.#parts;
    const prompt = this.#anchor();
    if (!prompt) return null;
    // Its words alone: below them is room for its buttons.
    const { top, height } = (prompt.firstElementChild ?? prompt).getBoundingClientRect();
    const hidden = Math.max(0, height - scroller.clientHeight * PROMPT_SHARE);
    return Math.max(0, Math.floor(top - column.getBoundingClientRect().top + hidden - GAP));
  }

  /** Return the height of the spacer: what the last turn lacks of the view's height. */
  #room() {
    const { scroller, column } = this.#parts;
    const top = this.#roomy ? this.#anchorTop() : null;
    return top === null ? 0 : Math.max(0, top + scroller.clientHeight - column.offsetHeight);
  }

  /** Follow an answer whose new text has taken the last room below its prompt, and no longer if it has room again. */
  #keepUp() {
    const { offsetHeight } = this.#parts.column;
    const grown = offsetHeight > this.#height;
    this.#height = offsetHeight;
    if (!this.#follows || !this.#anchor()) return;
    // A smaller window takes the room as well, but moves nothing.
    if (this.#room() > 0 && this.#mode === FOLLOWING) this.#become(ANCHORED);
    else if (grown && this.#mode === ANCHORED && this.#room() === 0 && !this.#isPicture()) this.#become(FOLLOWING);
  }

  #isPicture() {
    return Boolean(this.#anchor()?.nextElementSibling?.querySelector(this.#parts.picture));
  }

  #below() {
    const { scroller, column } = this.#parts;
    return column.offsetHeight - scroller.scrollTop - scroller.clientHeight;
  }

  #offer() {
    this.#atEnd = this.#below() <= AWAY;
    const latest = !this.#atEnd && (this.#mode === ANCHORED || this.#mode === FREE);
    this.#parts.offer(latest ? "latest" : this.#mode === FOLLOWING && this.#startIsAbove() ? "start" : null);
  }

  #startIsAbove() {
    const prompt = this.#anchor();
    return prompt !== null && prompt.getBoundingClientRect().bottom < this.#parts.scroller.getBoundingClientRect().top;
  }

  /** Scroll, unless the view is there: writing the same position would end a scroll that is under way. */
  #scrollTo(top) {
    const { scroller } = this.#parts;
    if (Math.abs(scroller.scrollTop - top) >= 1) scroller.scrollTop = top;
    this.#remember();
  }

  #remember() {
    const { scroller } = this.#parts;
    this.#top = scroller.scrollTop;
    this.#most = scroller.scrollHeight - scroller.clientHeight;
  }

  /** Leave the view to the reader, who scrolls up. A list or text of its own below the pointer scrolls by itself. */
  #release(target) {
    const { scroller } = this.#parts;
    if (this.#mode === RESTING || scroller.scrollTop <= 0 || scrollsItself(target, scroller, hasMoreAbove)) return;
    this.#become(FREE);
  }

  #onTouch(event) {
    const y = event.touches[0]?.clientY ?? 0;
    if (y > this.#touchY) this.#release(event.target);
    this.#touchY = y;
  }

  #onKey(event) {
    const { target } = event;
    if (!(target instanceof Element) || isEditable(target)) return;
    if (target !== document.body && !this.#parts.scroller.contains(target)) return;
    if (UPWARD_KEYS.has(event.key) || (event.key === " " && event.shiftKey)) this.#release(target);
    // The browser scrolls to the end that there is now: a growing answer would always be a step ahead.
    else if (event.key === "End" && this.#mode !== RESTING && !scrollsItself(target, this.#parts.scroller, hasMoreBelow)) this.toEnd();
  }

  #onPointerUp() {
    if (!this.#held) return;
    this.#held = false;
    this.update();
  }

  #onScroll() {
    this.#notice();
    this.#remember();
    this.#offer();
  }

  /** Notice where the reader has scrolled to: the event of it comes later than a click or a change of size may. */
  #notice() {
    const { scroller } = this.#parts;
    const top = scroller.scrollTop;
    const most = scroller.scrollHeight - scroller.clientHeight;
    // The end that the reader has seen counts, too: a growing answer has a further one by now.
    const isAtEnd = top > this.#top && top >= Math.min(most, this.#most) - END;
    if (this.#isReaders(top, most)) this.#become(FREE);
    if (isAtEnd && this.#mode !== RESTING) this.#arrive();
  }

  /** Return true if the reader has scrolled: by a key, the scrollbar, a search of the browser, or a screen reader. */
  #isReaders(top, most) {
    if (this.#mode === ANCHORED) return Math.abs(top - this.#top) > 1 && Math.abs(top - this.#target()) > 1;
    // Without a shorter content, only the reader scrolls up.
    return this.#mode === FOLLOWING && top < this.#top - 1 && most >= this.#most;
  }
}

const hasMoreAbove = (element) => element.scrollTop > 0;
const hasMoreBelow = (element) => element.scrollTop + element.clientHeight < element.scrollHeight - 1;

/** Return true if an element between `target` and the scroller has `more` to scroll to itself. */
function scrollsItself(target, scroller, more) {
  for (let element = target instanceof Element ? target : null; element && element !== scroller; element = element.parentElement) {
    if (more(element) && /auto|scroll/.test(getComputedStyle(element).overflowY)) return true;
  }
  return false;
}

function isEditable(element) {
  return element.matches("input, textarea, select, [contenteditable]");
}
