/** The messages of the open thread; the view follows the end only while the reader is there. */

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { Answer } from "./Answer";
import { UserMessageView } from "./UserMessageView";
import { Welcome } from "./Welcome";

/** Pixels from the end that still count as the end: a line and a half. */
const NEAR = 48;

export function Conversation({ page }: { page: Page }) {
  const conversation = useStore(page.conversation);
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const held = useRef<number | null>(null);
  const [away, setAway] = useState(false);

  const toEnd = () => {
    const { current } = scroller;
    atEnd.current = true;
    // A new chat starts with its greeting, which is higher than some phones.
    if (current) current.scrollTop = conversation.threadId === null ? 0 : current.scrollHeight;
    setAway(false);
  };
  const updateAtEnd = () => {
    const { current } = scroller;
    if (!current) return;
    atEnd.current = current.scrollHeight - current.scrollTop - current.clientHeight < NEAR;
    setAway(!atEnd.current);
  };

  useEffect(() => {
    // Not only answers change heights: pictures, charts and the window's width do too.
    const grown = new ResizeObserver(() => (atEnd.current ? toEnd() : updateAtEnd()));
    if (content.current) grown.observe(content.current);
    if (scroller.current) grown.observe(scroller.current);
    return () => grown.disconnect();
  }, []);
  useLayoutEffect(toEnd, [conversation.threadId, conversation.loading, conversation.sent]);
  useLayoutEffect(() => {
    // Keep the reader's position when earlier messages are inserted above.
    if (held.current !== null && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight - held.current;
    held.current = null;
  }, [conversation.items[0]?.id]);

  const older = () => {
    const { current } = scroller;
    if (current) held.current = current.scrollHeight - current.scrollTop;
    conversation.older().catch((problem: unknown) => page.failed(problem));
  };

  return (
    <>
      <main id="scroller" tabIndex={-1} ref={scroller} onScroll={updateAtEnd}>
        <div className="column" ref={content} data-loading={conversation.loading || undefined}>
          {conversation.threadId === null && <Welcome page={page} />}
          {conversation.hasMore && (
            <button id="earlier" type="button" className="chip" onClick={older}>
              {words.earlier}
            </button>
          )}
          <section id="messages" aria-label={words.conversation}>
            {conversation.items.map((item) =>
              item.kind === "user" ? (
                <UserMessageView key={item.id} page={page} message={item} />
              ) : (
                <Answer key={item.id} page={page} reply={item} />
              ),
            )}
          </section>
        </div>
      </main>
      <div className="jump-place">
        {away && conversation.items.length > 0 && (
          <button id="jump" type="button" className="chip" onClick={toEnd}>
            {words.latest}
          </button>
        )}
      </div>
    </>
  );
}
