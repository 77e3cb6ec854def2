/** The messages of the open thread, and the reader's place among them. */

import "./Conversation.css";

import { type Place, ReadingView } from "@plain/js/scroll.js";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Item } from "../state/messageList";
import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { Answer } from "./Answer";
import { clearFound, markFound } from "./findInMessage";
import { IconButton } from "./Icon";
import { useDrawn } from "./useDrawn";
import { UserMessageView } from "./UserMessageView";
import { Welcome } from "./Welcome";

/** Milliseconds in which a found message is marked again after it grew: its interface or its charts are loaded late. */
const FOUND_MS = 3000;
/** Charts, diagrams and forms, also before the code that draws them is loaded: half out of sight they say little. */
const PICTURE = ".body :is(.charted, .openui-form-control, .chart, .diagram, form)";
/** True where the browser itself keeps the reader's place while what is above it grows; measuring would cost a layout each time. */
const ANCHORS = CSS.supports("overflow-anchor", "auto");

export function Conversation({ page }: { page: Page }) {
  const conversation = useStore(page.conversation);
  const scroller = useRef<HTMLElement>(null);
  const column = useRef<HTMLDivElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const view = useRef<ReadingView>(null);
  const held = useRef<Held | null>(null);
  const shown = useRef<Item[]>([]);
  const [place, setPlace] = useState<Place>(null);
  const { items } = conversation;
  const hold = () => void (held.current = heldIn(scroller.current, column.current));
  const drawn = useDrawn(items, conversation.found !== null, () => ANCHORS || hold());

  useLayoutEffect(() => {
    if (!scroller.current || !column.current || !spacer.current) return;
    view.current = new ReadingView({ scroller: scroller.current, column: column.current, spacer: spacer.current, picture: PICTURE, offer: setPlace });
    return view.current.attach();
  }, []);
  const newest = items.findLast(({ kind }) => kind === "user")?.id ?? null;
  const prompt = () => elementOf(column.current, conversation.items, newest);
  useLayoutEffect(() => {
    const isNew = !shown.current.some(({ id }) => id === newest);
    shown.current = items;
    if (newest && isNew && !conversation.loading) view.current?.next(prompt);
  }, [items]);
  useLayoutEffect(() => {
    if (conversation.threadId === null) view.current?.rest();
    else if (!conversation.found) view.current?.open(prompt, conversation.running.length > 0);
  }, [conversation.threadId === null, conversation.navigation, conversation.loading]);
  useLayoutEffect(() => {
    if (conversation.sent) view.current?.begin(prompt);
  }, [conversation.sent]);
  useLayoutEffect(() => {
    // Keep the reader's position when earlier messages are inserted or drawn above.
    if (held.current) restore(held.current, scroller.current, column.current);
    held.current = null;
  }, [items[0]?.id, drawn]);
  useEffect(() => {
    const { found } = conversation;
    const element = found && elementOf(column.current, items, found.messageId);
    return element ? showFound(element, found.words, (place) => view.current?.show(place)) : undefined;
  }, [conversation.found]);

  /** Move the view, and the focus from the button, which goes, into it: keys scroll on from there. */
  const move = (to: (view: ReadingView) => void) => {
    scroller.current?.focus({ preventScroll: true });
    if (view.current) to(view.current);
  };

  const older = () => {
    hold();
    conversation.older().catch((problem: unknown) => page.failed(problem));
  };

  return (
    <>
      <main id="scroller" tabIndex={-1} ref={scroller}>
        <div className="column" ref={column} data-loading={conversation.loading || undefined}>
          {conversation.threadId === null && <Welcome page={page} />}
          {conversation.hasMore && (
            <button id="earlier" type="button" className="chip" onClick={older}>
              {words.earlier}
            </button>
          )}
          <section id="messages" aria-label={words.conversation}>
            {items.map((item, index) =>
              item.kind === "user" ? (
                <UserMessageView key={item.id} page={page} message={item} sketched={index < drawn} />
              ) : (
                <Answer key={item.id} page={page} reply={item} sketched={index < drawn} />
              ),
            )}
          </section>
        </div>
        <div ref={spacer} aria-hidden="true" />
      </main>
      <div className="jump-place">
        {place === "latest" && items.length > 0 && (
          <IconButton id="jump" className="round" shape="down" label={words.latest} onClick={() => move((view) => view.toEnd())} />
        )}
        {place === "start" && <IconButton id="to-start" className="round" shape="up" label={words.toStart} onClick={() => move((view) => view.toStart())} />}
      </div>
    </>
  );
}

/** The first message in view: its place from the end of the list, and its distance from the top of the view. */
interface Held {
  fromEnd: number;
  top: number;
}

function heldIn(scroller: Element | null, column: Element | null): Held | null {
  const messages = column?.querySelector("#messages")?.children ?? [];
  const start = scroller?.getBoundingClientRect().top ?? 0;
  const index = Array.from(messages).findIndex((one) => one.getBoundingClientRect().bottom > start);
  const top = messages[index]?.getBoundingClientRect().top;
  return top === undefined ? null : { fromEnd: messages.length - index, top };
}

function restore({ fromEnd, top }: Held, scroller: Element | null, column: Element | null) {
  const messages = column?.querySelector("#messages")?.children ?? [];
  const now = messages[messages.length - fromEnd]?.getBoundingClientRect().top;
  if (scroller && now !== undefined) scroller.scrollTop += now - top;
}

/** Return the element of a message: one stands in the list for each item. */
function elementOf(column: Element | null, items: Item[], id: string | null): Element | null {
  const index = items.findIndex((item) => item.id === id);
  return column?.querySelector("#messages")?.children[index] ?? null;
}

/** Mark the words in a found message and show the first of them, again while the message grows. Return a function that ends it. */
function showFound(element: Element, found: string[], show: (place: Element | Range) => void) {
  const mark = () => show(markFound(element, found) ?? element);
  const grown = new ResizeObserver(mark);
  const stop = () => grown.disconnect();
  grown.observe(element);
  setTimeout(stop, FOUND_MS);
  for (const gesture of ["wheel", "touchmove", "keydown", "pointerdown"]) addEventListener(gesture, stop, { once: true, passive: true });
  return () => {
    stop();
    clearFound();
  };
}
