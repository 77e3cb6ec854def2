/** Programs and texts of an answer, in their order. */

import type { Part } from "./answerParts";
import { Program } from "./Program";
import { type Actions, Readable } from "./Readable";

export function Parts({ parts, running, actions, lost }: { parts: Part[]; running: boolean; actions: Actions; lost: () => void }) {
  return parts.map((part, index) =>
    part.kind === "program" ? (
      <Program key={index} program={part.text} running={running} actions={actions} lost={lost} />
    ) : (
      <Readable key={index} text={part.text} running={running} actions={actions} />
    ),
  );
}
