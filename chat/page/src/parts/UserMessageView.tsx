/** A user's message, which can be copied and edited; one that is not sent yet can be withdrawn. */

import { isComposing } from "@plain/js/dom.js";
import { memo, useState } from "react";
import type { Page } from "../state/page";
import type { UserMessage } from "../state/userMessage";
import { useStore } from "../state/store";
import { words } from "../words";
import { copy } from "./copy";
import { SentFile } from "./FileChip";
import { IconButton } from "./Icon";
import { Versions } from "./Versions";

interface Props {
  page: Page;
  message: UserMessage;
  /** True for an older message whose turn to be drawn whole is still to come. */
  sketched: boolean;
}

export const UserMessageView = memo(function UserMessageView({ page, message, sketched }: Props) {
  useStore(message);
  const [editing, setEditing] = useState(false);
  if (editing) return <Edited page={page} message={message} leave={() => setEditing(false)} />;
  return (
    <article className="said" aria-label={words.you}>
      <div className="bubble" dir="auto">
        <Shown page={page} message={message} />
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
      {!sketched && <UserActions page={page} message={message} edit={() => setEditing(true)} />}
    </article>
  );
});

function UserActions({ page, message, edit }: Pick<Props, "page" | "message"> & { edit: () => void }) {
  useStore(page.outbox);
  const entry = page.conversation.entryOf(message);
  return (
    <div className="message-actions">
      <Versions page={page} id={message.id} versions={message.versions} />
      <IconButton shape="copy" label={words.copy} onClick={() => void copy(message.words)} />
      <IconButton shape="edit" label={words.editMessage} disabled={entry?.state === "sending"} onClick={edit} />
      {entry && (
        <IconButton shape="close" label={words.outbox.withdraw} disabled={entry.state === "sending"} onClick={() => void page.outbox.withdraw(entry)} />
      )}
    </div>
  );
}

function Shown({ page, message }: { page: Page; message: UserMessage }) {
  return (
    <>
      {message.pictures.map((url) => (
        <img key={url} src={url} alt={words.picture} />
      ))}
      {message.files.map((file) => (
        <SentFile key={file.id} page={page} file={file} attachments={message.attachments} />
      ))}
    </>
  );
}

/** The field for another text; pictures and files of the message stay. */
function Edited({ page, message, leave }: { page: Page; message: UserMessage; leave: () => void }) {
  const [text, setText] = useState(message.words);
  const empty = !text.trim() && !message.pictures.length && !message.files.length;
  const send = () => {
    if (empty) return;
    leave();
    page.conversation.edit(message, text.trim());
  };
  const pressed = (event: React.KeyboardEvent) => {
    if (isComposing(event.nativeEvent)) return;
    if (event.key === "Escape") {
      // It ends the edit, and not the running answer.
      event.stopPropagation();
      leave();
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    }
  };
  return (
    <article className="said editing" aria-label={words.you}>
      <Shown page={page} message={message} />
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
        <button type="button" className="primary" disabled={empty} onClick={send}>
          {words.sendEdited}
        </button>
      </div>
    </article>
  );
}
