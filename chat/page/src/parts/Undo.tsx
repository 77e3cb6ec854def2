/** A notice of the last deletion or archiving with an undo button, shown while it can be undone. */

import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";

export function Undo({ page }: { page: Page }) {
  const { undoable } = useStore(page.threads);
  const title = undoable?.thread.title || words.untitled;
  return (
    <div role="status">
      {undoable && (
        <div id="undo">
          <span>{undoable.kind === "removed" ? words.removed(title) : words.archived(title)}</span>
          <button type="button" className="plain" onClick={() => void page.threads.undo()}>
            {words.undo}
          </button>
        </div>
      )}
    </div>
  );
}
