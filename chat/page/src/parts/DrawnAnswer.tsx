/** One answer: its thought, its tool calls, its steps, its text and interfaces, its status, and its actions. */

import "./print.css";

import { memo, useLayoutEffect, useMemo, useState } from "react";
import type { Page } from "../state/page";
import type { Reply } from "../state/reply";
import { useStore } from "../state/store";
import { words } from "../words";
import { failureOf, groupsOf, partsOf } from "./answerParts";
import { ArtifactCard } from "./ArtifactCard";
import { GivenFiles } from "./GivenFiles";
import { Hint } from "./Hint";
import { MessageActions } from "./MessageActions";
import { Parts } from "./Parts";
import { Readable } from "./Readable";
import { RequestCards, RequestOutcomes } from "./RequestList";
import { Sketch } from "./Sketch";
import { Steps } from "./Steps";
import { Thought } from "./Thought";
import { ToolUses } from "./ToolUses";

interface Props {
  page: Page;
  reply: Reply;
}

/** The element stays when a sketch is drawn: another one would have the browser style all messages anew. */
export default memo(function DrawnAnswer({ page, reply, sketched }: Props & { sketched: boolean }) {
  useStore(reply);
  const { running, status, waiting } = reply;
  return (
    <article
      className="reply"
      aria-label={words.answer}
      aria-busy={running && status !== "waiting"}
      data-waiting={waiting || undefined}
      data-sketch={sketched || undefined}
    >
      {sketched ? <Sketch reply={reply} /> : <WholeAnswer page={page} reply={reply} />}
    </article>
  );
});

function WholeAnswer({ page, reply }: Props) {
  const { text, running, thinking, requests } = reply;
  const tools = reply.tools.filter((tool) => !requests.covers(tool));
  const { steps, parts, failure } = useMemo(() => shownOf(text, running), [text, running]);
  const [unreadable, setUnreadable] = useState(false);
  useLayoutEffect(() => reply.drawn());

  const actions = {
    say: (text: string, context: unknown[] | null) => page.conversation.say(text, context),
    form: () => reply.form,
    change: (changed: Record<string, unknown>) => reply.keep(changed),
  };
  // An answer that ended before anything of it could be drawn says so in one place, with one button.
  const note = failure === null || !reply.note ? reply.note : { ...reply.note, words: failure };
  const offersRetry = reply.canRetry || (reply.status === "stopped" && !text.trim());
  return (
    <>
      {thinking.text && <Thought thinking={thinking} />}
      {tools.length > 0 && <ToolUses tools={tools} />}
      <RequestOutcomes requests={requests} user={page.session?.user.username ?? ""} />
      <div className="body" dir="auto">
        {steps.length > 0 && <Steps steps={steps} running={running} />}
        {unreadable ? (
          <Readable text={text} running={running} actions={actions} />
        ) : (
          groupsOf(parts).map(({ artifact, place, parts }, index) =>
            // While it is written, and where a stop has cut it, an artifact stands in the answer.
            artifact?.whole && !running ? (
              <ArtifactCard key={index} page={page} messageId={reply.id} place={place} kind={artifact.kind} parts={parts} />
            ) : (
              <Parts key={index} parts={parts} running={running} actions={actions} lost={() => setUnreadable(true)} />
            ),
          )
        )}
      </div>
      {reply.attachments.length > 0 && <GivenFiles page={page} files={reply.attachments} />}
      <RequestCards requests={requests} />
      <Hint page={page} reply={reply} />
      {note && (
        <div className="foot">
          <p className={note.problem ? "problem" : "note"}>{note.words}</p>
          {offersRetry && (
            <button type="button" className="chip" onClick={() => (reply.canRetry ? page.conversation.retry(reply) : page.conversation.regenerate(reply))}>
              {words.again}
            </button>
          )}
        </div>
      )}
      {!running && <MessageActions page={page} reply={reply} offersRetry={offersRetry} hasText={parts.length > 0} />}
    </>
  );
}

/** Return what to draw of an answer: the reason of a failure stands in the note, not in a card above it. */
function shownOf(text: string, running: boolean) {
  const { steps, parts } = partsOf(text, running);
  const failure = running ? null : failureOf(parts);
  return { steps, parts: failure === null ? parts : [], failure };
}
