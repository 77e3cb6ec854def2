/** A file as a chip with its name, kind and size; it opens what the model saw of it. */

import { sizeOf } from "../format";
import type { Attachment } from "../state/apiTypes";
import type { Page } from "../state/page";
import { whyUnread } from "../state/upload";
import type { MessageFile } from "../state/userMessage";
import { words } from "../words";
import { Icon } from "./Icon";

export function FileChip({ page, file }: { page: Page; file: Attachment }) {
  return <OpenChip page={page} id={file.attachmentId} name={file.name} note={aboutFile(file)} />;
}

/** Return size, pages, and the state of a file that is not ready. */
export function aboutFile(file: Attachment): string {
  const pages = file.pages === null ? "" : words.files.pages(file.pages);
  const read = { ready: pages, reading: words.files.reading, failed: file.state === "failed" ? whyUnread(file) : "" }[file.state];
  return [sizeOf(file.size), read].filter(Boolean).join(" · ");
}

/** A file of a message. Of a deleted one there is only the name; while the state of one is unknown it can be opened all the same. */
export function SentFile({ page, file, attachments }: { page: Page; file: MessageFile; attachments: Attachment[] | null }) {
  const known = attachments?.find(({ attachmentId }) => attachmentId === file.id);
  if (known) return <FileChip page={page} file={known} />;
  const name = file.name || words.files.file;
  if (!attachments) return <OpenChip page={page} id={file.id} name={name} note="" />;
  return (
    <span className="file-chip">
      <Label name={name} note={words.files.removed} />
    </span>
  );
}

function OpenChip({ page, id, name, note }: { page: Page; id: string; name: string; note: string }) {
  const open = () => page.overlays.open({ kind: "file", id, name });
  return (
    <button type="button" className="file-chip" title={words.files.open(name)} onClick={open}>
      <Label name={name} note={note} />
    </button>
  );
}

function Label({ name, note }: { name: string; note: string }) {
  return (
    <>
      <Icon shape="file" />
      <span className="picture-name" dir="auto">
        {name}
      </span>
      {note && <span className="note">{note}</span>}
    </>
  );
}
