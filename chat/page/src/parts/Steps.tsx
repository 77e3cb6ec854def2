/** What a model did before it answered: the newest while it works, all of it for who wants to know. */

import { words } from "../words";
import type { Step } from "./answerParts";

export function Steps({ steps, running }: { steps: Step[]; running: boolean }) {
  const last = steps.at(-1);
  const summary = (running || steps.length === 1) && last?.title ? last.title : words.steps(steps.length);
  return (
    <details className="steps">
      <summary>{summary}</summary>
      <ul>
        {steps.map(({ title, text }, place) => (
          <li key={place} dir="auto">
            <strong>{title}</strong> {text}
          </li>
        ))}
      </ul>
    </details>
  );
}
