/** The sidebar: new chat, search, list of threads, account links. A drawer on a phone. */

import { isComposing } from "@plain/js/dom.js";
import { useEffect, useRef } from "react";
import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { Icon, IconButton } from "./Icon";
import { ThreadList } from "./ThreadList";
import { useNarrow } from "./useNarrow";
import { AccountLinks } from "./AccountLinks";

export function Sidebar({ page }: { page: Page }) {
  useStore(page);
  const threads = useStore(page.threads);
  const narrow = useNarrow();
  const fresh = useRef<HTMLAnchorElement>(null);
  const hidden = narrow && !page.menu;

  useEffect(() => {
    if (narrow && page.menu) fresh.current?.focus();
  }, [narrow, page.menu]);

  const begin = (event: React.MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void page.go(null);
  };
  const pressed = (event: React.KeyboardEvent) => {
    if (event.key === "Escape" && page.menu && !isComposing(event.nativeEvent)) page.openMenu(false);
  };

  return (
    <aside id="sidebar" aria-label={words.chats} inert={hidden} onKeyDown={pressed}>
      <div className="side-head">
        <a id="new-chat" className="new" href="/" ref={fresh} onClick={begin}>
          {words.newChat}
        </a>
        <IconButton id="close-menu" shape="close" label={words.closeChats} onClick={() => page.openMenu(false)} />
      </div>
      <div className="search" role="search">
        <Icon shape="search" />
        <input
          type="search"
          value={threads.query}
          placeholder={words.search}
          aria-label={words.searchChats}
          dir="auto"
          onChange={(event) => threads.search(event.target.value)}
        />
      </div>
      <nav aria-label={words.yourChats}>
        <ThreadList page={page} />
      </nav>
      <AccountLinks page={page} />
    </aside>
  );
}
