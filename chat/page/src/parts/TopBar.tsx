/** The bar above the conversation: title, model, and actions on the whole chat. */

import { useEffect, useRef } from "react";
import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { IconButton } from "./Icon";
import { Menu } from "./Menu";
import { useNarrow } from "./useNarrow";

const LABELS: Record<string, string> = { c1: "C1", openassistant: "OpenAssistant" };

export function TopBar({ page, share }: { page: Page; share: () => void }) {
  useStore(page);
  useStore(page.threads);
  const { savedThreadId: threadId } = useStore(page.conversation);
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

  // The menu shares too.
  const crowded = narrow && page.efforts.length > 0;
  const choices = threadId === null ? [] : choicesOf(page, threadId, share);
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
      <h1 id="thread-title" dir="auto">
        {page.title}
      </h1>
      <label className="picker">
        <span className="unseen">{words.model}</span>
        <select id="model" value={page.model} onChange={(event) => page.choose(event.target.value)}>
          {page.models.map((model) => (
            <option key={model} value={model}>
              {LABELS[model] ?? model}
            </option>
          ))}
        </select>
      </label>
      {page.efforts.length > 0 && <EffortPicker page={page} />}
      {threadId !== null && (
        <>
          {!crowded && <IconButton shape="share" label={words.share} onClick={share} />}
          <Menu label={words.more_actions} choices={choices} />
        </>
      )}
    </header>
  );
}

/** The effort that the model takes for the next prompts. */
function EffortPicker({ page }: { page: Page }) {
  return (
    <label className="picker">
      <span className="unseen">{words.effort}</span>
      <select id="effort" title={words.effort} value={page.effort} onChange={(event) => page.chooseEffort(event.target.value)}>
        <option value="">{words.effort}</option>
        {page.efforts.map((effort) => (
          <option key={effort} value={effort}>
            {words.efforts[effort] ?? effort}
          </option>
        ))}
      </select>
    </label>
  );
}

function choicesOf(page: Page, threadId: string, share: () => void) {
  const thread = page.threads.get(threadId);
  return [
    { label: words.share, act: share },
    { label: words.exportMarkdown, href: page.api.exportOf(threadId, "markdown") },
    { label: words.exportJson, href: page.api.exportOf(threadId, "json") },
    ...(thread ? [{ label: words.remove, act: () => void page.threads.remove(thread), danger: true }] : []),
  ];
}
