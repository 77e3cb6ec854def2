/** An artifact in its answer: a card with its title, which opens it beside the chat. */

import { blocksOf } from "@plain/js/blocks.js";
import { artifactPanel } from "../state/artifactPanel";
import type { Page } from "../state/page";
import { words } from "../words";
import type { Part } from "./answerParts";
import { Icon } from "./Icon";

interface Props {
  page: Page;
  messageId: string;
  place: number;
  kind: string;
  parts: Part[];
}

/** Characters of a title: one line of the card. */
const TITLE = 80;

export function ArtifactCard({ page, messageId, place, kind, parts }: Props) {
  const { savedThreadId: threadId } = page.conversation;
  const title = titleOf(parts) || words.artifacts.document;
  const open = () => threadId !== null && artifactPanel.open({ threadId, messageId, place });
  return (
    <button type="button" className="file-chip artifact-card" onClick={open}>
      <Icon shape="file" />
      <span className="picture-name" dir="auto">
        {title}
      </span>
      <span className="note" dir="auto">
        {words.artifacts.kinds[kind] ?? words.artifacts.document}
      </span>
    </button>
  );
}

function titleOf(parts: Part[]): string {
  const [first] = parts.flatMap((part) => blocksOf(part.text) as { text?: string }[]);
  return (first?.text ?? "").trim().split("\n", 1)[0]!.replace(/^#{1,6}\s+/, "").slice(0, TITLE);
}
