/** An artifact beside the chat: one of its versions, or what changed since another. */

import "./ArtifactPanel.css";

import { useEffect, useRef, useState } from "react";
import { artifactPanel, type ShownArtifact } from "../state/artifactPanel";
import type { ArtifactDetail } from "../state/apiTypes";
import type { Page } from "../state/page";
import { words } from "../words";
import { partsOf } from "./answerParts";
import { copy } from "./copy";
import { IconButton } from "./Icon";
import { linesBetween } from "./lineChanges";
import { markdownOf } from "./markdown";
import { Parts } from "./Parts";
import { ProblemLine } from "./ProblemLine";
import { useAttempt } from "./useAttempt";

export default function ArtifactPanel({ page, shown }: { page: Page; shown: ShownArtifact }) {
  const [artifact, setArtifact] = useState<ArtifactDetail | null>(null);
  const [before, setBefore] = useState<ArtifactDetail | null>(null);
  const { problem, attempt } = useAttempt(page);
  const heading = useRef<HTMLHeadingElement>(null);

  const load = (id: string, version: number) => attempt("load", async () => setArtifact(await page.api.artifact(id, version)));
  const compare = (version: number) =>
    attempt("compare", async () => setBefore(version && artifact ? await page.api.artifact(artifact.artifactId, version) : null));
  useEffect(() => {
    heading.current?.focus();
    setBefore(null);
    void attempt("find", async () => {
      const { messages } = await page.api.messages(shown.threadId, { leaf: shown.messageId, limit: 1 });
      const found = messages.at(-1)?.artifacts?.[shown.place];
      if (found) setArtifact(await page.api.artifact(found.artifactId, found.version));
    });
  }, [shown]);

  const pressed = (event: React.KeyboardEvent) => {
    if (event.key !== "Escape") return;
    // It closes the panel, and does not stop the answer beside it.
    event.preventDefault();
    artifactPanel.close();
  };
  return (
    <aside id="artifact" aria-labelledby="artifact-title" onKeyDown={pressed}>
      <div className="dialog-head">
        <h2 id="artifact-title" ref={heading} tabIndex={-1} dir="auto">
          {artifact?.title || words.artifacts.document}
        </h2>
        {artifact && <IconButton shape="copy" label={words.copyMarkdown} onClick={() => void copy(markdownOf(artifact.content))} />}
        <IconButton shape="close" label={words.close} onClick={artifactPanel.close} />
      </div>
      <ProblemLine problem={problem} />
      {artifact && (
        <>
          {artifact.versions.length > 1 && (
            <div className="artifact-versions">
              <VersionChoice label={words.artifacts.shown} artifact={artifact} value={artifact.version} choose={(version) => void load(artifact.artifactId, version)} />
              <VersionChoice label={words.artifacts.compare} artifact={artifact} value={before?.version ?? 0} choose={(version) => void compare(version)} none />
            </div>
          )}
          <div className="artifact-text body" dir="auto">
            {before ? <Changes before={before} after={artifact} /> : <Document key={artifact.version} content={artifact.content} />}
          </div>
        </>
      )}
    </aside>
  );
}

interface ChoiceProps {
  label: string;
  artifact: ArtifactDetail;
  value: number;
  choose: (version: number) => void;
  none?: boolean;
}

function VersionChoice({ label, artifact, value, choose, none }: ChoiceProps) {
  return (
    <label>
      {label}{" "}
      <select value={value} onChange={(event) => choose(Number(event.target.value))}>
        {none && <option value={0}>{words.artifacts.nothing}</option>}
        {artifact.versions.map(({ version }) => (
          <option key={version} value={version}>
            {words.artifacts.version(version)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The document; what is pressed in it is not part of the chat. */
function Document({ content }: { content: string }) {
  const actions = { say: () => undefined, form: () => null, change: () => undefined };
  const { parts } = partsOf(content, false);
  const [readable, setReadable] = useState(false);
  const shown = readable ? [{ kind: "readable" as const, text: content }] : parts;
  return <Parts parts={shown} running={false} actions={actions} lost={() => setReadable(true)} />;
}

function Changes({ before, after }: { before: ArtifactDetail; after: ArtifactDetail }) {
  const lines = linesBetween(markdownOf(before.content), markdownOf(after.content));
  if (lines.every(({ change }) => change === "same")) return <p className="note">{words.artifacts.same}</p>;
  return (
    <div className="artifact-changes">
      {lines.map(({ change, text }, at) => (
        <Line key={at} change={change} text={text} />
      ))}
    </div>
  );
}

function Line({ change, text }: { change: "same" | "added" | "removed"; text: string }) {
  const shown = text || "\u00a0";
  if (change === "same") return <p dir="auto">{shown}</p>;
  const Mark = change === "added" ? "ins" : "del";
  return (
    <p dir="auto">
      <Mark>
        <span className="unseen">{words.artifacts[change]}: </span>
        {shown}
      </Mark>
    </p>
  );
}
