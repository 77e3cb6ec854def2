/** An artifact beside the chat: one of its versions, drawn or as its source, or what changed since another. */

import "./ArtifactPanel.css";

import { useEffect, useRef, useState } from "react";
import { CodeBlock } from "../prose/CodeBlock";
import { artifactPanel, type ShownArtifact } from "../state/artifactPanel";
import type { ArtifactDetail } from "../state/apiTypes";
import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { partsOf } from "./answerParts";
import { ArtifactChanges } from "./ArtifactChanges";
import { ArtifactHead } from "./ArtifactHead";
import { PanelEdge } from "./PanelEdge";
import { Parts } from "./Parts";
import { ProblemLine } from "./ProblemLine";
import { useAttempt } from "./useAttempt";
import { useNarrow } from "./useWindow";

export default function ArtifactPanel({ page, shown }: { page: Page; shown: ShownArtifact }) {
  const { full } = useStore(artifactPanel);
  const [artifact, setArtifact] = useState<ArtifactDetail | null>(null);
  const [before, setBefore] = useState<ArtifactDetail | null>(null);
  const [source, setSource] = useState(false);
  const { problem, attempt } = useAttempt(page);
  const heading = useRef<HTMLHeadingElement>(null);
  const narrow = useNarrow();

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
    // It makes the panel smaller or closes it, and does not stop the answer beside it.
    event.preventDefault();
    if (full) artifactPanel.setFull(false);
    else artifactPanel.close();
  };
  return (
    <aside id="artifact" aria-labelledby="artifact-title" data-full={full || undefined} onKeyDown={pressed}>
      {!narrow && !full && <PanelEdge />}
      <ArtifactHead artifact={artifact} heading={heading} full={full} resizable={!narrow} />
      <ProblemLine problem={problem} />
      {artifact && (
        <>
          <div className="artifact-bar">
            {!before && <ViewChoice source={source} choose={setSource} />}
            {artifact.versions.length > 1 && (
              <>
                <VersionChoice label={words.artifacts.shown} artifact={artifact} value={artifact.version} choose={(version) => void load(artifact.artifactId, version)} />
                <VersionChoice label={words.artifacts.compare} artifact={artifact} value={before?.version ?? 0} choose={(version) => void compare(version)} none />
              </>
            )}
          </div>
          <div className="artifact-text body" dir="auto" tabIndex={0} role="group" aria-labelledby="artifact-title">
            {before ? <ArtifactChanges before={before} after={artifact} /> : <Content key={artifact.version} content={artifact.content} source={source} />}
          </div>
        </>
      )}
    </aside>
  );
}

function ViewChoice({ source, choose }: { source: boolean; choose: (source: boolean) => void }) {
  const choice = (label: string, value: boolean) => (
    <button type="button" aria-pressed={source === value} onClick={() => choose(value)}>
      {label}
    </button>
  );
  return (
    <div className="view-choice" role="group" aria-label={words.artifacts.view}>
      {choice(words.artifacts.drawn, false)}
      {choice(words.showSource, true)}
    </div>
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
function Content({ content, source }: { content: string; source: boolean }) {
  const actions = { say: () => undefined, form: () => null, change: () => undefined };
  const { parts } = partsOf(content, false);
  const [readable, setReadable] = useState(false);
  if (source) {
    return parts.map(({ kind, text }, at) => <CodeBlock key={at} info={kind === "program" ? "openui-lang" : "markdown"} code={text.trim()} closed wrapped />);
  }
  const shown = readable ? [{ kind: "readable" as const, text: content }] : parts;
  return <Parts parts={shown} running={false} actions={actions} lost={() => setReadable(true)} />;
}
