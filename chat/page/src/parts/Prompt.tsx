/** A person's message, which can be said again in other words. */

import { memo, useState } from "react";
import type { Page } from "../state/page";
import type { Said } from "../state/said";
import { useStore } from "../state/store";
import { words } from "../words";
import { copy } from "./copy";
import { IconButton } from "./Icon";
import { Versions } from "./Versions";

export const Prompt = memo(function Prompt({ page, said }: { page: Page; said: Said }) {
  useStore(said);
  const [editing, setEditing] = useState(false);
  if (editing) return <Edited page={page} said={said} leave={() => setEditing(false)} />;
  return (
    <article className="said" aria-label={words.you}>
      <div className="bubble" dir="auto">
        {said.pictures.map((url) => (
          <img key={url} src={url} alt={words.picture} />
        ))}
        {said.words}
        {said.fields.length > 0 && (
          <dl>
            {said.fields.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </div>
      <div className="deeds">
        <Versions page={page} id={said.id} versions={said.versions} />
        <IconButton shape="copy" label={words.copy} onClick={() => void copy(said.words)} />
        <IconButton shape="edit" label={words.editMessage} onClick={() => setEditing(true)} />
      </div>
    </article>
  );
});

function Edited({ page, said, leave }: { page: Page; said: Said; leave: () => void }) {
  const [text, setText] = useState(said.words);
  const send = () => {
    if (!text.trim()) return;
    leave();
    page.conversation.edit(said, text.trim());
  };
  const pressed = (event: React.KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") leave();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    }
  };
  return (
    <article className="said editing" aria-label={words.you}>
      <textarea
        value={text}
        autoFocus
        dir="auto"
        aria-label={words.editMessage}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={pressed}
      />
      <div className="actions">
        <button type="button" className="chip" onClick={leave}>
          {words.cancel}
        </button>
        <button type="button" className="primary" disabled={!text.trim()} onClick={send}>
          {words.sendEdited}
        </button>
      </div>
    </article>
  );
}
