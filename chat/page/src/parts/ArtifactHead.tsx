/** The title of an artifact, and the actions on all of it: copy, save, full window, close. */

import { artifactPanel } from "../state/artifactPanel";
import type { ArtifactDetail } from "../state/apiTypes";
import { words } from "../words";
import { copy } from "./copy";
import { IconButton } from "./Icon";
import { markdownOf } from "./markdown";
import { saveText } from "./saveText";

interface Props {
  artifact: ArtifactDetail | null;
  heading: React.RefObject<HTMLHeadingElement | null>;
  full: boolean;
  /** False where the panel covers the window anyway. */
  resizable: boolean;
}

export function ArtifactHead({ artifact, heading, full, resizable }: Props) {
  return (
    <div className="dialog-head">
      <h2 id="artifact-title" ref={heading} tabIndex={-1} dir="auto">
        {artifact?.title || words.artifacts.document}
      </h2>
      {artifact && (
        <>
          <IconButton shape="copy" label={words.copyMarkdown} onClick={() => void copy(markdownOf(artifact.content))} />
          <IconButton shape="save" label={words.exportMarkdown} onClick={() => saveText(markdownOf(artifact.content), nameOf(artifact.title))} />
        </>
      )}
      {resizable && <IconButton shape="full" label={words.artifacts.full} aria-pressed={full} onClick={() => artifactPanel.setFull(!full)} />}
      <IconButton shape="close" label={words.close} onClick={artifactPanel.close} />
    </div>
  );
}

/** Return the name of a file, without characters that a system refuses in one. */
const nameOf = (title: string) => `${title.replaceAll(/[\\/:*?"<>|\p{Cc}]+/gu, " ").trim() || "document"}.md`;
