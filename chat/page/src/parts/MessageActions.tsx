/** Actions on an answer: copy, share, regenerate, rate, step between versions. */

import "./MessageActions.css";

import { announce } from "@plain/js/announce.js";
import { blocksOf, plainText } from "@plain/js/blocks.js";
import { useEffect, useRef, useState } from "react";
import type { Page } from "../state/page";
import type { Reply } from "../state/reply";
import { words } from "../words";
import { copy } from "./copy";
import { IconButton } from "./Icon";
import { markdownOf } from "./markdown";
import { outcomeOf } from "./requestOutcomes";
import { Menu } from "./Menu";
import { Versions } from "./Versions";

/** Milliseconds for which a message beside the buttons is shown. */
const SHOWN_MS = 2500;

interface Props {
  page: Page;
  reply: Reply;
  /** True where the answer itself offers another try. */
  offersRetry: boolean;
  hasText: boolean;
}

export function MessageActions({ page, reply, offersRetry, hasText }: Props) {
  const [shown, show] = useShown();
  const { savedThreadId: threadId } = page.conversation;
  const rate = (score: number) => {
    reply.rate(reply.score === score ? 0 : score).then(
      () => announce(words.thanks),
      (problem: unknown) => page.failed(problem),
    );
  };
  const copied = async (text: string) => show((await copy(text)) ? words.copied : words.copyFailed);
  const share = async () => {
    if (threadId === null) return;
    try {
      const { url } = await page.api.createShare(threadId, reply.id);
      show((await copy(new URL(url, location.href).href)) ? words.linkCopied : words.linkMade);
    } catch (problem) {
      page.failed(problem);
    }
  };
  const sentences = () => reply.requests.ended.map((one) => outcomeOf(one, page.session?.user.username ?? ""));
  const copies = [
    { label: words.copyText, act: () => void copied(plainText(blocksOf(reply.text))) },
    { label: words.copyMarkdown, act: () => void copied(markdownOf(reply.text, sentences())) },
  ];
  return (
    <div className="message-actions">
      <Versions page={page} id={reply.id} versions={reply.versions} />
      {hasText && <Menu label={words.copy} shape="copy" choices={copies} />}
      {hasText && <IconButton shape="share" label={words.shareAnswer} onClick={() => void share()} />}
      {!offersRetry && <IconButton shape="again" label={words.regenerate} onClick={() => page.conversation.regenerate(reply)} />}
      <IconButton shape="good" label={words.good} aria-pressed={reply.score > 0} onClick={() => rate(1)} />
      <IconButton shape="bad" label={words.bad} aria-pressed={reply.score < 0} onClick={() => rate(-1)} />
      {shown && (
        <span className="done-note" aria-hidden="true">
          {shown}
        </span>
      )}
    </div>
  );
}

/** Return a text that is shown for a while, and a function that shows another. */
function useShown() {
  const [text, setText] = useState("");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const show = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setText(""), SHOWN_MS);
  };
  return [text, show] as const;
}
