/** The pictures and files of the user: what each is, and its deletion, which is asked for twice: nothing brings a file back. */

import { announce } from "@plain/js/announce.js";
import { useEffect, useState } from "react";
import { dayOf } from "../format";
import type { Attachment } from "../state/apiTypes";
import type { Page } from "../state/page";
import { words } from "../words";
import { aboutFile } from "./FileChip";
import { ProblemLine } from "./ProblemLine";
import { useAttempt } from "./useAttempt";

export function FileSettings({ page }: { page: Page }) {
  const [files, setFiles] = useState<Attachment[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const { problem, attempt } = useAttempt(page);

  const load = (from: string | null) =>
    attempt("load", async () => {
      const next = await page.api.attachments({ cursor: from });
      setFiles((before) => [...(before ?? []), ...next.attachments]);
      setCursor(next.nextCursor);
    });
  useEffect(() => void load(null), []);

  const remove = ({ attachmentId, name }: Attachment) =>
    attempt(attachmentId, async () => {
      await page.api.deleteAttachment(attachmentId);
      setFiles((before) => (before ?? []).filter((file) => file.attachmentId !== attachmentId));
      announce(words.removed(name || words.picture));
      // The open chat may show the file.
      await page.conversation.refresh();
    });

  return (
    <>
      <p className="note">{words.files.listMore}</p>
      <ProblemLine problem={problem} />
      {files?.length === 0 && <p className="note">{words.files.none}</p>}
      <ul className="shares">
        {(files ?? []).map((file) => (
          <FileRow key={file.attachmentId} file={file} remove={() => void remove(file)} />
        ))}
      </ul>
      {cursor !== null && (
        <button type="button" className="chip" onClick={() => void load(cursor)}>
          {words.files.more}
        </button>
      )}
    </>
  );
}

function FileRow({ file, remove }: { file: Attachment; remove: () => void }) {
  const [asked, setAsked] = useState(false);
  const name = file.name || words.picture;
  return (
    <li>
      <a href={file.url} target="_blank" rel="noopener noreferrer">
        <bdi>{name}</bdi>
      </a>
      <span className="note" dir="auto">
        {[dayOf(file.createdAt), aboutFile(file)].join(" · ")}
      </span>
      <span className="actions">
        <button
          type="button"
          className="chip"
          aria-label={(asked ? words.files.deleteNow : words.files.delete)(name)}
          onClick={asked ? remove : () => setAsked(true)}
          onBlur={() => setAsked(false)}
        >
          {asked ? words.files.sure : words.remove}
        </button>
      </span>
    </li>
  );
}
