/** One answer: its thought, its tool calls, its steps, its text and interfaces, its status, and its actions. */

import { memo, useLayoutEffect, useMemo, useState } from "react";
import type { Page } from "../state/page";
import type { Reply } from "../state/reply";
import { useStore } from "../state/store";
import { words } from "../words";
import { partsOf } from "./answerParts";
import { MessageActions } from "./MessageActions";
import { Program } from "./Program";
import { Readable } from "./Readable";
import { Steps } from "./Steps";
import { Thought } from "./Thought";
import { ToolUses } from "./ToolUses";

export const Answer = memo(function Answer({ page, reply }: { page: Page; reply: Reply }) {
  useStore(reply);
  const { text, running, thinking, tools } = reply;
  const { steps, parts } = useMemo(() => partsOf(text, running), [text, running]);
  const [unreadable, setUnreadable] = useState(false);
  useLayoutEffect(() => reply.drawn());

  const actions = {
    say: (text: string, context: unknown[] | null) => page.conversation.say(text, context),
    form: () => reply.form,
    change: (changed: Record<string, unknown>) => reply.keep(changed),
  };
  const atWork = thinking.active || tools.some(({ state }) => state === "started");
  const empty = running && !parts.length && !steps.length && !atWork;
  return (
    <article
      className="reply"
      aria-label={words.answer}
      aria-busy={running}
      data-empty={empty || undefined}
      data-waiting={reply.waiting || undefined}
    >
      {thinking.text && <Thought thinking={thinking} />}
      {tools.length > 0 && <ToolUses tools={tools} />}
      <div className="body" dir="auto">
        {steps.length > 0 && <Steps steps={steps} running={running} />}
        {unreadable ? (
          <Readable text={text} running={running} actions={actions} />
        ) : (
          parts.map((part, index) =>
            part.kind === "program" ? (
              <Program key={index} program={part.text} running={running} actions={actions} lost={() => setUnreadable(true)} />
            ) : (
              <Readable key={index} text={part.text} running={running} actions={actions} />
            ),
          )
        )}
      </div>
      {reply.note && (
        <div className="foot">
          <p className={reply.note.problem ? "problem" : "note"}>{reply.note.words}</p>
          {reply.canRetry && (
            <button type="button" className="chip" onClick={() => page.conversation.retry(reply)}>
              {words.again}
            </button>
          )}
        </div>
      )}
      {!running && <MessageActions page={page} reply={reply} />}
    </article>
  );
});
