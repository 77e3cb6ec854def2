/** The threads: pinned ones first, the others grouped by day; or search results, best match first. */

import { announce } from "@plain/js/announce.js";
import { useEffect } from "react";
import type { Page } from "../state/page";
import type { ThreadSearchResult } from "../state/apiTypes";
import { useStore } from "../state/store";
import { words } from "../words";
import { useNow } from "./Age";
import { byDay } from "./days";
import { ThreadRow } from "./ThreadRow";

export function ThreadList({ page }: { page: Page }) {
  const threads = useStore(page.threads);
  useStore(page.unread);
  const now = useNow();
  const searched = threads.query.trim();
  const groups = searched || threads.archive ? [["", threads.list] as const] : grouped(threads.list);

  useEffect(() => {
    if (searched) announce(words.found(threads.list.length));
  }, [searched, threads.list.length]);

  return (
    <div id="threads">
      {threads.archive && !searched && <h2 className="day">{words.archiveShown}</h2>}
      {groups.map(([name, list]) => (
        <section key={name}>
          {name && <h2 className="day">{name}</h2>}
          <ul>
            {list.map((thread) => (
              <ThreadRow key={thread.threadId} page={page} thread={thread} now={now} />
            ))}
          </ul>
        </section>
      ))}
      {!threads.list.length && !threads.loading && <p className="note none">{none(searched, threads.archive)}</p>}
      {threads.hasMore && (
        <button type="button" id="more-threads" className="chip" onClick={() => void threads.more()}>
          {words.more}
        </button>
      )}
      {!threads.selection && threads.list.length > 1 && (
        <button type="button" className="plain archive-way" onClick={() => threads.select(true)}>
          {words.selectChats}
        </button>
      )}
      {!searched && (
        <button type="button" className="plain archive-way" onClick={() => threads.showArchive(!threads.archive)}>
          {threads.archive ? words.archiveLeft : words.archiveShown}
        </button>
      )}
    </div>
  );
}

function grouped(list: ThreadSearchResult[]): [string, ThreadSearchResult[]][] {
  const pinned = list.filter((thread) => thread.pinned);
  const others = byDay(list.filter((thread) => !thread.pinned), new Date());
  return pinned.length ? [[words.pinned, pinned], ...others] : others;
}

function none(searched: string, archive: boolean) {
  if (searched) return words.noMatch;
  return archive ? words.noArchived : words.noChats;
}
