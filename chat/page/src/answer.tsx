/**
 * The script of the sandboxed frame that draws one answer for the admin as the chat does. It has no session: the page around
 * it sends the text, and gets back the height.
 */

import "./page.css";
import "./answer.css";

import { storedForm } from "@plain/js/envelope.js";
import { speak } from "@plain/js/wording.js";
import { useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { prepareBrowser } from "./browser";
import { partsOf } from "./parts/answerParts";
import { ErrorBoundary } from "./parts/ErrorBoundary";
import { Program } from "./parts/Program";
import { Readable } from "./parts/Readable";
import { Steps } from "./parts/Steps";
import { language, words } from "./words";

interface Shown {
  text: string;
  running: boolean;
  /** "light" or "dark", else the reader's own scheme. */
  theme: string;
}

const ignore = () => undefined;

function DrawnAnswer({ text, running }: Shown) {
  const { steps, parts } = useMemo(() => partsOf(text, running), [text, running]);
  const [unreadable, setUnreadable] = useState(false);
  const actions = { say: ignore, form: () => storedForm(text), change: ignore };
  const shown = unreadable ? [{ kind: "readable", text }] : parts;
  return (
    <article className="reply" aria-label={words.answer}>
      <div className="body" dir="auto">
        {steps.length > 0 && <Steps steps={steps} running={running} />}
        {shown.map((part, index) =>
          part.kind === "program" ? (
            <Program key={index} program={part.text} running={running} actions={actions} lost={() => setUnreadable(true)} />
          ) : (
            <Readable key={index} text={part.text} running={running} actions={actions} />
          ),
        )}
      </div>
    </article>
  );
}

prepareBrowser();
document.documentElement.lang = language;
document.documentElement.dir = words.direction;
speak(words.reply);

const container = document.getElementById("root") ?? document.body;
const root = createRoot(container);

addEventListener("message", ({ source, data }: MessageEvent<Shown>) => {
  if (source !== parent) return;
  if (data.theme === "light" || data.theme === "dark") document.documentElement.dataset.theme = data.theme;
  else delete document.documentElement.dataset.theme;
  root.render(
    <ErrorBoundary>
      <DrawnAnswer {...data} />
    </ErrorBoundary>,
  );
});

new ResizeObserver(() => parent.postMessage({ height: Math.ceil(container.getBoundingClientRect().height) }, "*")).observe(container);
parent.postMessage({ ready: true }, "*");
