/** Suggested next prompts as buttons. C1 gives bare texts where OpenUI has items. */

import { useTriggerAction } from "@openuidev/react-lang";
import { words } from "../words";
import type { Drawn } from "./types";

export function FollowUps({ props }: Drawn<{ items?: unknown }>) {
  const trigger = useTriggerAction();
  const items = Array.isArray(props.items) ? props.items.map(textOf).filter(Boolean) : [];
  return (
    <div className="actions" role="group" aria-label={words.suggested}>
      {items.map((text, index) => (
        <button key={index} type="button" className="chip" onClick={() => void trigger(text)}>
          {text}
        </button>
      ))}
    </div>
  );
}

function textOf(item: unknown): string {
  if (typeof item === "string") return item;
  return String((item as { props?: { text?: unknown } } | null)?.props?.text ?? "");
}
