/** The bar above the conversation: title, model, and actions on the whole chat. */

import { temporaryChats } from "@pane";
import { useEffect, useRef } from "react";
import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { IconButton } from "./Icon";
import { Menu } from "./Menu";
import { ModelPicker } from "./ModelPicker";
import { printChat } from "./printing";
import { useNarrow } from "./useWindow";

export function TopBar({ page }: { page: Page }) {
  useStore(page);
  useStore(page.threads);
  const { savedThreadId: threadId, items } = useStore(page.conversation);
  const narrow = useNarrow();
  const toggle = useRef<HTMLButtonElement>(null);
  const opened = useRef(false);

  useEffect(() => {
    document.title = threadId === null ? words.site : `${page.title} · ${words.site}`;
  }, [threadId, page.title]);
  useEffect(() => {
    if (opened.current && !page.menu && narrow) toggle.current?.focus();
    opened.current = page.menu;
  }, [page.menu, narrow]);

  const share = (id: string) => page.overlays.open({ kind: "share", threadId: id });
  return (
    <header className="top">
      <span id="menu">
        <button
          ref={toggle}
          type="button"
          className="icon menu"
          aria-label={words.showChats}
          aria-controls="sidebar"
          aria-expanded={page.menu}
          onClick={() => page.openMenu(!page.menu)}
        />
      </span>
      {page.folded && !narrow && (
        <IconButton id="unfold" shape="fold" label={words.unfoldSidebar} onClick={() => page.fold(false)} />
      )}
      <h1 id="thread-title" dir="auto">
        {page.title}
      </h1>
      {temporaryChats && <TemporaryMark page={page} begins={items.length === 0} />}
      <ModelPicker page={page} />
      {threadId !== null && (
        <>
          {/* The menu shares too; a temporary chat is not for others. */}
          {!narrow && !page.temporary && <IconButton shape="share" label={words.share} onClick={() => share(threadId)} />}
          <Menu label={words.more_actions} choices={choicesOf(page, threadId, () => share(threadId))} />
        </>
      )}
    </header>
  );
}

/** A switch ahead of the first prompt; a mark afterwards. */
function TemporaryMark({ page, begins }: { page: Page; begins: boolean }) {
  if (!begins) return page.temporary ? <span className="temporary-mark">{words.temporary}</span> : null;
  return (
    <IconButton
      id="temporary"
      shape="temporary"
      label={words.temporary}
      aria-pressed={page.temporary}
      onClick={() => page.setTemporary(!page.temporary)}
    />
  );
}

function choicesOf(page: Page, threadId: string, share: () => void) {
  const thread = page.threads.get(threadId);
  const kept = thread && !thread.temporary;
  return [
    ...(kept ? [{ label: words.share, act: share }] : []),
    { label: words.exportMarkdown, href: page.api.exportUrl(threadId, "markdown") },
    { label: words.printChat, act: () => void printChat(page).catch((problem: unknown) => page.failed(problem)) },
    { label: words.exportJson, href: page.api.exportUrl(threadId, "json") },
    ...(kept
      ? [{ label: thread.pinned ? words.unpin : words.pin, act: () => void page.threads.setPinned(thread, !thread.pinned) }]
      : []),
    ...(thread ? [{ label: words.remove, act: () => void page.threads.remove([thread]), danger: true }] : []),
  ];
}
