/** One thread in the list: its title, search excerpt, activity mark and actions. */

import { isComposing } from "@plain/js/dom.js";
import { useRef, useState } from "react";
import { foundOf } from "../state/found";
import { type Page, pathOf } from "../state/page";
import type { ThreadSearchResult } from "../state/apiTypes";
import { words } from "../words";
import { Age } from "./Age";
import { Excerpt } from "./Excerpt";
import { Menu } from "./Menu";

export function ThreadRow({ page, thread, now }: { page: Page; thread: ThreadSearchResult; now: number }) {
  const [renaming, setRenaming] = useState(false);
  const link = useRef<HTMLAnchorElement>(null);
  const title = thread.title || words.untitled;
  const current = thread.threadId === page.conversation.threadId;

  if (renaming) {
    const leave = (changed: string) => {
      setRenaming(false);
      setTimeout(() => link.current?.focus());
      if (changed && changed !== thread.title) void page.threads.rename(thread, changed);
    };
    return (
      <li>
        <TitleField title={thread.title} leave={leave} />
      </li>
    );
  }

  const { selection } = page.threads;
  if (selection) {
    return (
      <li className="selectable">
        <label>
          <input type="checkbox" checked={selection.has(thread.threadId)} onChange={() => page.threads.toggle(thread.threadId)} />
          <span className="title" dir="auto">
            {title}
          </span>
        </label>
      </li>
    );
  }

  const open = (event: React.MouseEvent) => {
    // The browser itself opens new tabs and windows.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    void page.go(thread.threadId, foundOf(thread));
  };
  const choices = [
    { label: words.rename, act: () => setRenaming(true) },
    {
      label: thread.pinned ? words.unpin : words.pin,
      act: () => void page.threads.setPinned(thread, !thread.pinned),
    },
    {
      label: thread.archived ? words.unarchive : words.archive,
      act: () => void page.threads.setArchived([thread], !thread.archived),
    },
    { label: words.remove, act: () => void page.threads.remove([thread]), danger: true },
  ];

  return (
    <li className={current ? "current" : undefined}>
      <a ref={link} href={pathOf(thread.threadId)} aria-current={current ? "page" : undefined} onClick={open}>
        <span className="lines">
          <span className="title" dir="auto">
            {title}
          </span>
          {thread.waiting && <span className="asks-you">{words.requests.mark}</span>}
          {thread.excerpt && <Excerpt {...thread.excerpt} />}
        </span>
        <Activity page={page} thread={thread} />
        <Age time={thread.updatedAt} now={now} />
      </a>
      <Menu label={words.actionsOf(title)} choices={choices} />
    </li>
  );
}

/** A dot at a chat whose answer runs, or ended while it was not open. */
function Activity({ page, thread }: { page: Page; thread: ThreadSearchResult }) {
  if (thread.waiting) return null;
  const running = thread.activeResponseId !== null;
  if (!running && !page.unread.has(thread.threadId)) return null;
  return (
    <span className={running ? "running" : "unread"}>
      <span className="unseen"> {running ? words.answering : words.unread}</span>
    </span>
  );
}

/** Focus a field and select its text, once it is drawn; an inline function would do so again at each later drawing. */
const begin = (input: HTMLInputElement | null) => {
  input?.focus();
  input?.select();
};

function TitleField({ title, leave }: { title: string; leave: (changed: string) => void }) {
  const left = useRef(false);
  const done = (changed: string) => {
    if (left.current) return;
    left.current = true;
    leave(changed.trim());
  };
  const pressed = (event: React.KeyboardEvent<HTMLInputElement>) => {
    event.stopPropagation();
    if (isComposing(event.nativeEvent)) return;
    if (event.key === "Enter") done(event.currentTarget.value);
    if (event.key === "Escape") done("");
  };
  return (
    <input
      defaultValue={title}
      aria-label={words.title}
      maxLength={200}
      dir="auto"
      ref={begin}
      onKeyDown={pressed}
      onBlur={(event) => done(event.target.value)}
    />
  );
}
