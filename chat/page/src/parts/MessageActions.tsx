/** Actions on an answer: copy, regenerate, rate, step between versions. */

import { announce } from "@plain/js/announce.js";
import { blocksOf, plainText } from "@plain/js/blocks.js";
import type { Page } from "../state/page";
import type { Reply } from "../state/reply";
import { words } from "../words";
import { copy } from "./copy";
import { IconButton } from "./Icon";
import { markdownOf } from "./markdown";
import { Menu } from "./Menu";
import { Versions } from "./Versions";

export function MessageActions({ page, reply }: { page: Page; reply: Reply }) {
  const rate = (score: number) => {
    reply.rate(reply.score === score ? 0 : score).then(
      () => announce(words.thanks),
      (problem: unknown) => page.failed(problem),
    );
  };
  const copies = [
    { label: words.copyText, act: () => void copy(plainText(blocksOf(reply.text))) },
    { label: words.copyMarkdown, act: () => void copy(markdownOf(reply.text)) },
  ];
  return (
    <div className="message-actions">
      <Versions page={page} id={reply.id} versions={reply.versions} />
      <Menu label={words.copy} shape="copy" choices={copies} />
      <IconButton shape="again" label={words.regenerate} onClick={() => page.conversation.regenerate(reply)} />
      <IconButton shape="good" label={words.good} aria-pressed={reply.score > 0} onClick={() => rate(1)} />
      <IconButton shape="bad" label={words.bad} aria-pressed={reply.score < 0} onClick={() => rate(-1)} />
    </div>
  );
}
