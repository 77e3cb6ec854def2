/** The steps before an answer: the newest one while the model works, all of them on request. */

import { words } from "../words";
import type { Step } from "./answerParts";

export function Steps({ steps, running }: { steps: Step[]; running: boolean }) {
  const last = steps.at(-1);
  const summary = (running || steps.length === 1) && last?.title ? last.title : words.reply.steps(steps.length);
  return (
    <details className="steps">
      <summary>{summary}</summary>
      <ul>
        {steps.map(({ title, text }, index) => (
          <li key={index} dir="auto">
            <strong>{title}</strong> {text}
          </li>
        ))}
      </ul>
    </details>
  );
}
