/** Messages that wait for the end of the running answer: they can be changed, moved, sent at once, and withdrawn. */

import "./Queue.css";

import { isComposing } from "@plain/js/dom.js";
import { useState } from "react";
import type { Entry } from "../state/outbox";
import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { Icon, IconButton } from "./Icon";
import { useLow } from "./useWindow";

export default function Queue({ page }: { page: Page }) {
  const { queued, waiting } = useStore(page.conversation);
  const [unfolded, setUnfolded] = useState(false);
  const low = useLow();
  const failed = page.outbox.entries(page.conversation.threadId)[0]?.state === "failed";
  const state = failed ? words.outbox.paused : waiting ? words.outbox.offline : words.outbox.waiting;
  return (
    <section className="queue" aria-label={words.outbox.label}>
      <div className="queue-head">
        <p className="note" role="status">
          {state}
        </p>
        {low && (
          <button type="button" className="queue-fold" aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
            {words.outbox.count(queued.length)}
            <Icon shape="open" />
          </button>
        )}
      </div>
      {(!low || unfolded) && (
        <ol>
          {queued.map((entry, index) => (
            <Queued key={entry.id} page={page} entry={entry} first={index === 0} last={index === queued.length - 1} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Queued({ page, entry, first, last }: { page: Page; entry: Entry; first: boolean; last: boolean }) {
  const [editing, setEditing] = useState(false);
  const { outbox } = page;
  if (editing) return <EditedEntry page={page} entry={entry} leave={() => setEditing(false)} />;
  const fixed = entry.state === "sending";
  return (
    <li>
      <span className="queued-text" dir="auto">
        {entry.typed}
      </span>
      {entry.refusal && <span className="problem">{entry.refusal.message}</span>}
      <span className="queued-actions">
        {!first && <IconButton shape="up" label={words.outbox.up} disabled={fixed} onClick={() => void outbox.move(entry, -1)} />}
        {!last && <IconButton shape="down" label={words.outbox.down} disabled={fixed} onClick={() => void outbox.move(entry, 1)} />}
        <IconButton shape="edit" label={words.outbox.edit} disabled={fixed} onClick={() => setEditing(true)} />
        <IconButton shape="now" label={words.outbox.sendNow} disabled={fixed} onClick={() => void page.conversation.sendNow(entry)} />
        <IconButton shape="close" label={words.outbox.withdraw} disabled={fixed} onClick={() => void outbox.withdraw(entry)} />
      </span>
    </li>
  );
}

function EditedEntry({ page, entry, leave }: { page: Page; entry: Entry; leave: () => void }) {
  const [text, setText] = useState(entry.typed);
  const save = async () => {
    if (!text.trim()) return;
    leave();
    const changed = await page.conversation.editQueued(entry, text.trim());
    // Too late: the earlier text is on its way. The changed one is kept for its author.
    if (!changed && !page.draft.text) page.draft.write(text.trim());
  };
  const pressed = (event: React.KeyboardEvent) => {
    if (isComposing(event.nativeEvent)) return;
    if (event.key === "Escape") leave();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void save();
    }
    if (event.key === "Escape") event.stopPropagation();
  };
  return (
    <li className="queued-editing">
      <textarea value={text} autoFocus dir="auto" rows={2} aria-label={words.outbox.edit} onChange={(event) => setText(event.target.value)} onKeyDown={pressed} />
      <span className="queued-actions">
        <button type="button" className="chip" onClick={leave}>
          {words.cancel}
        </button>
        <button type="button" className="primary" disabled={!text.trim()} onClick={() => void save()}>
          {words.outbox.save}
        </button>
      </span>
    </li>
  );
}
