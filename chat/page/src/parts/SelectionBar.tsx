/** Actions on the selected chats. */

import { announce } from "@plain/js/announce.js";
import { useEffect } from "react";
import type { Threads } from "../state/threads";
import { words } from "../words";

export function SelectionBar({ threads }: { threads: Threads }) {
  const { selected } = threads;
  const none = selected.length === 0;
  useEffect(() => announce(words.selected(selected.length)), [selected.length]);

  const finish = (work: Promise<void>) => {
    threads.select(false);
    void work;
  };
  return (
    <div className="selection" role="group" aria-label={words.selectChats}>
      <span className="note">{words.selected(selected.length)}</span>
      <button type="button" className="chip" onClick={() => threads.selectAll()}>
        {words.selectAll}
      </button>
      <button type="button" className="chip" disabled={none} onClick={() => finish(threads.setArchived(selected, !threads.archive))}>
        {threads.archive ? words.unarchive : words.archive}
      </button>
      <button type="button" className="chip" disabled={none} onClick={() => finish(threads.remove(selected))}>
        {words.remove}
      </button>
      <button type="button" className="chip" onClick={() => threads.select(false)}>
        {words.cancel}
      </button>
    </div>
  );
}
