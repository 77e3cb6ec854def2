/** A notice of the last deletion or archiving with an undo button, shown while it can be undone. */

import type { Page } from "../state/page";
import { useStore } from "../state/store";
import type { Undoable } from "../state/threads";
import { words } from "../words";

export function Undo({ page }: { page: Page }) {
  const { undoable } = useStore(page.threads);
  return (
    <div role="status">
      {undoable && (
        <div id="undo">
          <span>{textOf(undoable)}</span>
          <button type="button" className="plain" onClick={() => void page.threads.undo()}>
            {words.undo}
          </button>
        </div>
      )}
    </div>
  );
}

function textOf({ kind, threads: [first, ...others] }: Undoable) {
  if (others.length) return (kind === "removed" ? words.removedMany : words.archivedMany)(others.length + 1);
  const title = first?.title || words.untitled;
  return kind === "removed" ? words.removed(title) : words.archived(title);
}
