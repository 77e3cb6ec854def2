/** A user's message, which can be copied and edited. */

import { isComposing } from "@plain/js/dom.js";
import { memo, useState } from "react";
import type { Page } from "../state/page";
import type { UserMessage } from "../state/userMessage";
import { useStore } from "../state/store";
import { words } from "../words";
import { copy } from "./copy";
import { IconButton } from "./Icon";
import { Versions } from "./Versions";

export const UserMessageView = memo(function UserMessageView({ page, message }: { page: Page; message: UserMessage }) {
  useStore(message);
  const [editing, setEditing] = useState(false);
  if (editing) return <Edited page={page} message={message} leave={() => setEditing(false)} />;
  return (
    <article className="said" aria-label={words.you}>
      <div className="bubble" dir="auto">
        {message.pictures.map((url) => (
          <img key={url} src={url} alt={words.picture} />
        ))}
        {message.words}
        {message.fields.length > 0 && (
          <dl>
            {message.fields.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </div>
      <div className="message-actions">
        <Versions page={page} id={message.id} versions={message.versions} />
        <IconButton shape="copy" label={words.copy} onClick={() => void copy(message.words)} />
        <IconButton shape="edit" label={words.editMessage} onClick={() => setEditing(true)} />
      </div>
    </article>
  );
});

function Edited({ page, message, leave }: { page: Page; message: UserMessage; leave: () => void }) {
  const [text, setText] = useState(message.words);
  const send = () => {
    if (!text.trim()) return;
    leave();
    page.conversation.edit(message, text.trim());
  };
  const pressed = (event: React.KeyboardEvent) => {
    if (isComposing(event.nativeEvent)) return;
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
