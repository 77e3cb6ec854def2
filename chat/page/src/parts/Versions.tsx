/** Buttons to step between the versions of a message: answers to one prompt, or edits of one prompt. */

import type { Page } from "../state/page";
import { words } from "../words";
import { IconButton } from "./Icon";

export function Versions({ page, id, versions }: { page: Page; id: string; versions: string[] }) {
  const index = versions.indexOf(id);
  if (versions.length < 2 || index < 0) return null;
  const step = (to: number) => {
    const version = versions[to];
    if (version) page.conversation.choose(version).catch((problem: unknown) => page.failed(problem));
  };
  return (
    <span className="versions" role="group" aria-label={words.versionOf(index + 1, versions.length)}>
      <IconButton shape="before" label={words.versionBefore} disabled={index === 0} onClick={() => step(index - 1)} />
      <span aria-hidden="true">
        {index + 1}/{versions.length}
      </span>
      <IconButton
        shape="after"
        label={words.versionAfter}
        disabled={index === versions.length - 1}
        onClick={() => step(index + 1)}
      />
    </span>
  );
}
