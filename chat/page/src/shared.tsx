/** The public page of a shared chat: the answers that the server has written as plain text, drawn like in the chat. */

import "./page.css";
import "./parts/print.css";
import "./shared.css";

import { announce } from "@plain/js/announce.js";
import { storedForm } from "@plain/js/envelope.js";
import { speak } from "@plain/js/wording.js";
import { useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { prepareBrowser } from "./browser";
import { failureOf, partsOf } from "./parts/answerParts";
import { ErrorBoundary } from "./parts/ErrorBoundary";
import { Program } from "./parts/Program";
import { type Actions, Readable } from "./parts/Readable";
import { Steps } from "./parts/Steps";
import { words } from "./words";

prepareBrowser();
speak(words.reply);

/** Point a reader who clicks to the chat of their own, in which they can answer. */
function offerOwnChat() {
  document.getElementById("continue")?.focus();
  announce(words.sharedNote);
}

function SharedAnswer({ content }: { content: string }) {
  const { steps, parts } = useMemo(() => partsOf(content, false), [content]);
  const [unreadable, setUnreadable] = useState(false);
  const actions: Actions = { say: offerOwnChat, form: () => storedForm(content), change: () => undefined };
  const failure = failureOf(parts);
  if (failure !== null) return <p className="problem">{failure}</p>;
  return (
    <>
      {steps.length > 0 && <Steps steps={steps} running={false} />}
      {unreadable ? (
        <Readable text={content} running={false} actions={actions} />
      ) : (
        parts.map((part, index) =>
          part.kind === "program" ? (
            <Program key={index} program={part.text} running={false} actions={actions} lost={() => setUnreadable(true)} />
          ) : (
            <Readable key={index} text={part.text} running={false} actions={actions} />
          ),
        )
      )}
    </>
  );
}

const replies = JSON.parse(document.getElementById("replies")?.textContent ?? "[]") as string[];

for (const element of document.querySelectorAll<HTMLElement>("[data-reply]")) {
  const content = replies[Number(element.dataset.reply)] ?? "";
  const body = element.querySelector<HTMLElement>(".body");
  if (!body || !content.trim()) continue;
  createRoot(body).render(
    <ErrorBoundary>
      <SharedAnswer content={content} />
    </ErrorBoundary>,
  );
}
