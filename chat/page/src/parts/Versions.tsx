/** Steps between the versions of a message: answers to one prompt, or prompts in one place. */

import type { Page } from "../state/page";
import { words } from "../words";
import { IconButton } from "./Icon";

export function Versions({ page, id, versions }: { page: Page; id: string; versions: string[] }) {
  const place = versions.indexOf(id);
  if (versions.length < 2 || place < 0) return null;
  const step = (to: number) => {
    const version = versions[to];
    if (version) page.conversation.choose(version).catch((problem: unknown) => page.failed(problem));
  };
  return (
    <span className="versions" role="group" aria-label={words.versionOf(place + 1, versions.length)}>
      <IconButton shape="before" label={words.versionBefore} disabled={place === 0} onClick={() => step(place - 1)} />
      <span aria-hidden="true">
        {place + 1}/{versions.length}
      </span>
      <IconButton
        shape="after"
        label={words.versionAfter}
        disabled={place === versions.length - 1}
        onClick={() => step(place + 1)}
      />
    </span>
  );
}
