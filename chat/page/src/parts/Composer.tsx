/** The field for the next message. Enter sends, Shift+Enter breaks the line, Escape stops an answer. */

import { isComposing } from "@plain/js/dom.js";
import { useEffect, useLayoutEffect, useRef } from "react";
import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { IconButton } from "./Icon";
import { Pictures } from "./Pictures";
import { useNarrow } from "./useNarrow";

export function Composer({ page }: { page: Page }) {
  useStore(page);
  const draft = useStore(page.draft);
  const conversation = useStore(page.conversation);
  const running = conversation.running.length > 0;
  const field = useRef<HTMLTextAreaElement>(null);
  const narrow = useNarrow();
  const empty = !draft.text.trim() && !draft.pictures.length;

  useLayoutEffect(() => {
    const { current } = field;
    if (!current) return;
    current.style.blockSize = "auto";
    current.style.blockSize = `${current.scrollHeight}px`;
  }, [draft.text, narrow]);
  useEffect(() => {
    // On a phone, focus would open the keyboard over the chat.
    if (!narrow) field.current?.focus();
  }, [conversation.threadId, narrow]);

  const send = () => {
    if (empty) return;
    const { text, pictures } = draft.take();
    const urls = pictures.map(({ url }) => url);
    conversation.say(text, null, urls);
    field.current?.focus();
  };
  const stop = () => {
    conversation.stop();
    field.current?.focus();
  };
  const pressed = (event: React.KeyboardEvent) => {
    if (isComposing(event.nativeEvent)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    }
    if (event.key === "Escape" && running) stop();
  };

  return (
    <footer className="bottom">
      <div className="column">
        <p id="waiting" className="note" role="status" hidden={!conversation.waiting}>
          {words.reconnecting}
        </p>
        <form
          id="composer"
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          <Pictures page={page} />
          <label className="unseen" htmlFor="prompt">
            {words.message}
          </label>
          <textarea
            id="prompt"
            ref={field}
            rows={1}
            dir="auto"
            value={draft.text}
            placeholder={words.write}
            autoComplete="off"
            aria-describedby="keys"
            onChange={(event) => draft.write(event.target.value)}
            onKeyDown={pressed}
          />
          {running && <IconButton id="stop" className="halt" shape="stop" label={words.stop} onClick={stop} />}
          {(!running || !empty) && (
            <IconButton id="send" type="submit" className="send-now" shape="send" label={words.send} disabled={empty} />
          )}
        </form>
        <p id="keys" className="note keys">
          {words.keys}
        </p>
      </div>
    </footer>
  );
}
