/** The sidebar: new chat, search, list of threads, account links. A drawer on a phone; folded away where the reader wants it. */

import { isComposing } from "@plain/js/dom.js";
import { useEffect, useRef } from "react";
import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { AccountLinks } from "./AccountLinks";
import { Icon, IconButton } from "./Icon";
import { SelectionBar } from "./SelectionBar";
import { ThreadList } from "./ThreadList";
import { useNarrow } from "./useWindow";

/** `covered`: something else takes the whole window. */
export function Sidebar({ page, covered }: { page: Page; covered: boolean }) {
  useStore(page);
  const threads = useStore(page.threads);
  const narrow = useNarrow();
  const fresh = useRef<HTMLAnchorElement>(null);
  const hidden = narrow ? !page.menu : page.folded;

  useEffect(() => {
    if (narrow && page.menu) fresh.current?.focus();
  }, [narrow, page.menu]);

  const begin = (event: React.MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void page.go(null);
  };
  const pressed = (event: React.KeyboardEvent) => {
    // A menu that Escape closes has prevented the default.
    if (event.key !== "Escape" || event.defaultPrevented || isComposing(event.nativeEvent)) return;
    if (!threads.selection && !page.menu) return;
    // It does not stop an answer as well.
    event.preventDefault();
    if (threads.selection) threads.select(false);
    else page.openMenu(false);
  };
  const fold = () => {
    page.fold(true);
    setTimeout(() => document.querySelector<HTMLElement>("#unfold")?.focus());
  };

  return (
    <aside id="sidebar" aria-label={words.chats} inert={hidden || covered} onKeyDown={pressed}>
      <div className="side-head">
        <a id="new-chat" className="new" href="/" ref={fresh} onClick={begin}>
          {words.newChat}
        </a>
        {!narrow && <IconButton id="fold" shape="fold" label={words.foldSidebar} onClick={fold} />}
        <IconButton id="close-menu" shape="close" label={words.closeChats} onClick={() => page.openMenu(false)} />
      </div>
      <div className="search" role="search">
        <Icon shape="search" />
        <input
          type="search"
          value={threads.query}
          placeholder={words.search}
          aria-label={words.searchChats}
          // An empty field would be from left to right, whatever the page is.
          dir={threads.query ? "auto" : undefined}
          onChange={(event) => threads.search(event.target.value)}
        />
      </div>
      <nav aria-label={words.yourChats}>
        <ThreadList page={page} />
      </nav>
      {threads.selection && <SelectionBar threads={threads} />}
      <AccountLinks page={page} />
    </aside>
  );
}
