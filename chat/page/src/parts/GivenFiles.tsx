/** The pictures and files that tools gave with an answer. */

import type { Attachment } from "../state/apiTypes";
import type { Page } from "../state/page";
import { FileChip } from "./FileChip";

export function GivenFiles({ page, files }: { page: Page; files: Attachment[] }) {
  return (
    <div className="given-files">
      {files.map((file) =>
        file.contentType.startsWith("image/") ? (
          <a key={file.attachmentId} href={file.url} target="_blank" rel="noopener noreferrer">
            <img src={file.url} alt={file.name} loading="lazy" />
          </a>
        ) : (
          <FileChip key={file.attachmentId} page={page} file={file} />
        ),
      )}
    </div>
  );
}
