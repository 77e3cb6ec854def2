/** The field for the next message. Enter sends, Shift+Enter breaks the line, Escape stops an answer. */

import "./Composer.css";

import { isComposing } from "@plain/js/dom.js";
import { lazy, Suspense, useEffect, useLayoutEffect, useRef } from "react";
import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { IconButton } from "./Icon";
import { NotifyButton } from "./NotifyButton";
import { AttachButtons, AttachmentList, DropMark, obstacle } from "./Attachments";
import { Fallback } from "./Fallback";
import { useEscape } from "./useEscape";
import { useLow, useNarrow } from "./useWindow";

const loadedQueue = import("./Queue");
// Without its code the queue is not shown; its prompts are sent all the same. The rejection is that of `lazy`.
loadedQueue.catch(() => undefined);
/** No part of the shell, but loaded beside it: prompts are queued while the server is away, too. */
const Queue = lazy(() => loadedQueue);

export function Composer({ page }: { page: Page }) {
  useStore(page);
  const draft = useStore(page.draft);
  const conversation = useStore(page.conversation);
  const running = conversation.running.length > 0;
  const field = useRef<HTMLTextAreaElement>(null);
  const narrow = useNarrow();
  const low = useLow();
  const empty = !draft.text.trim() && !draft.files.length;
  const unsendable = empty || obstacle(page) !== "";

  useLayoutEffect(() => {
    const { current } = field;
    if (!current) return;
    current.style.blockSize = "auto";
    current.style.blockSize = `${current.scrollHeight}px`;
  }, [draft.text, narrow, low]);
  useEffect(() => {
    // On a phone, focus would open the keyboard over the chat.
    if (!narrow) field.current?.focus();
  }, [conversation.threadId, narrow]);
  useEscape(() => {
    if (!page.conversation.running.length) return false;
    page.conversation.stop();
    return true;
  });

  const send = (now = false) => {
    if (unsendable) return;
    const { text, attachments, stored } = draft.take();
    void conversation.say(text, null, attachments, now).then(stored);
    // The keyboard of a phone leaves: the answer needs the room.
    if (matchMedia("(pointer: coarse)").matches) field.current?.blur();
    else field.current?.focus();
  };
  const stop = () => {
    conversation.stop();
    field.current?.focus();
  };
  /** Focus the field by a click beside the buttons, too: the whole box is taken for the field. */
  const aimed = (event: React.MouseEvent) => {
    if ((event.target as Element).closest("button, input, textarea, ul")) return;
    event.preventDefault();
    field.current?.focus();
  };
  const pressed = (event: React.KeyboardEvent) => {
    if (isComposing(event.nativeEvent) || event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    send(event.ctrlKey || event.metaKey);
  };

  return (
    <footer className="bottom">
      <div className="column">
        <p id="waiting" className="note" role="status" hidden={!conversation.waiting}>
          {words.reconnecting}
        </p>
        {conversation.queued.length > 0 && (
          <Fallback simple={null}>
            <Suspense>
              <Queue page={page} />
            </Suspense>
          </Fallback>
        )}
        <form
          id="composer"
          onMouseDown={aimed}
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          <AttachmentList page={page} />
          <label className="unseen" htmlFor="prompt">
            {words.message}
          </label>
          <textarea
            id="prompt"
            ref={field}
            rows={1}
            dir={draft.text ? "auto" : undefined}
            value={draft.text}
            placeholder={words.write}
            autoComplete="off"
            aria-describedby="keys"
            onChange={(event) => draft.write(event.target.value)}
            onKeyDown={pressed}
          />
          <div className="composer-row">
            <AttachButtons page={page} />
            <NotifyButton page={page} running={running} />
            {running && <IconButton id="stop" className="halt" shape="stop" label={words.stop} onClick={stop} />}
            {(!running || !empty) && (
              <IconButton id="send" type="submit" className="send-now" shape="send" label={running ? words.outbox.queue : words.send} disabled={unsendable} />
            )}
          </div>
        </form>
        <p id="keys" className="note keys">
          {running ? words.outbox.keys : words.keys}
        </p>
      </div>
      <DropMark page={page} />
    </footer>
  );
}
