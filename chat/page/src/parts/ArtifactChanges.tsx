/** The changes between two versions of an artifact: counted, by lines, and by words within a changed line. */

import { useMemo } from "react";
import type { ArtifactDetail } from "../state/apiTypes";
import { words } from "../words";
import { type ChangedLine, linesBetween } from "./lineChanges";
import { markdownOf } from "./markdown";

export function ArtifactChanges({ before, after }: { before: ArtifactDetail; after: ArtifactDetail }) {
  const lines = useMemo(() => linesBetween(markdownOf(before.content), markdownOf(after.content)), [before, after]);
  const [added, removed] = (["added", "removed"] as const).map((kind) => lines.filter(({ change }) => change === kind).length);
  if (!added && !removed) return <p className="note">{words.artifacts.same}</p>;
  return (
    <>
      <p className="change-count" role="status">
        <span aria-hidden="true">
          <span className="added">+{added}</span> <span className="removed">−{removed}</span>
        </span>
        <span className="unseen">{words.artifacts.changed(added ?? 0, removed ?? 0)}</span>
      </p>
      <div className="artifact-changes">
        {lines.map((line, at) => (
          <Line key={at} line={line} />
        ))}
      </div>
    </>
  );
}

function Line({ line: { change, text, pieces } }: { line: ChangedLine }) {
  const shown = text || "\u00a0";
  if (change === "same") return <p dir="auto">{shown}</p>;
  const Mark = change === "added" ? "ins" : "del";
  return (
    <p dir="auto">
      <Mark>
        <span className="unseen">{words.artifacts[change]}: </span>
        {pieces?.map((piece, at) => (piece.change === "same" ? piece.text : <mark key={at}>{piece.text}</mark>)) ?? shown}
      </Mark>
    </p>
  );
}
