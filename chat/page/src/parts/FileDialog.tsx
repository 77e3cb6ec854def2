/** Dialog with the text of a file, as models get it, and the file itself to download. */

import { useEffect, useState } from "react";
import type { AttachmentText } from "../state/apiTypes";
import type { Page } from "../state/page";
import { words } from "../words";
import { aboutFile } from "./FileChip";
import { Overlay } from "./Overlay";
import { ProblemLine } from "./ProblemLine";
import { useAttempt } from "./useAttempt";

export default function FileDialog({ page, id, name, leave }: { page: Page; id: string; name: string; leave: () => void }) {
  const [file, setFile] = useState<AttachmentText | null>(null);
  const { problem, attempt } = useAttempt(page);

  const load = (cursor?: number) =>
    attempt("load", async () => {
      const next = await page.api.attachmentText(id, cursor);
      setFile((before) => ({ ...next, passages: [...(before?.passages ?? []), ...next.passages] }));
    });
  useEffect(() => void load(), []);

  return (
    <Overlay id="file" title={name} leave={leave} wide>
      <ProblemLine problem={problem} />
      {file && (
        <>
          <p className="note" dir="auto">
            {aboutFile(file)}
          </p>
          <p>
            <a href={file.url} download={file.name}>
              {words.files.download}
            </a>
          </p>
          {file.passages.length > 0 && <h3>{words.files.seen}</h3>}
          {file.passages.map(({ label, text }, at) => (
            <section key={at} className="file-passage">
              <h4 dir="auto">{placeOf(label)}</h4>
              <pre dir="auto">{text}</pre>
            </section>
          ))}
          {file.nextCursor !== null && (
            <button type="button" className="chip" onClick={() => void load(file.nextCursor ?? undefined)}>
              {words.files.more}
            </button>
          )}
        </>
      )}
    </Overlay>
  );
}

/** The server's name of a passage: its kind, where it stands, and the rows of a sheet. */
const PLACE = /^(page|slide|lines?|sheet) (.*?)(?:, rows (\S+))?$/;

/** Return the place of a passage in the reader's language; the model cites the server's own. */
function placeOf(label: string) {
  const [, kind = "", at = "", rows = ""] = PLACE.exec(label) ?? [];
  return words.files.places[kind]?.(at, rows) ?? label;
}
