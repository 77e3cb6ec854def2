/** The folded thought above an answer: its newest lines while the model thinks, all of it on request. */

import { durationOf, type Thinking } from "@plain/js/thinking.js";
import { drawThought, isAtEnd } from "@plain/js/thought.js";
import { useEffect, useId, useLayoutEffect, useReducer, useRef, useState } from "react";
import { words } from "../words";
import { Icon } from "./Icon";

/** Milliseconds between two updates of the running time, which is shown in seconds. */
const TICK_MS = 1000;

export function Thought({ thinking }: { thinking: Thinking }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const { active, tail } = thinking;
  useTicks(active);
  return (
    <div className="thought" data-open={open || undefined}>
      <button
        type="button"
        className="thought-toggle"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <Icon shape="after" />
        {labelOf(thinking)}
      </button>
      {active && !open && (
        <p className="thought-tail" dir="auto" aria-hidden="true">
          {tail}
        </p>
      )}
      {open && <Text id={id} text={thinking.text} active={active} />}
    </div>
  );
}

/** The whole thought in a scroller of its own, which follows the end while the model thinks. */
function Text({ id, text, active }: { id: string; text: string; active: boolean }) {
  const container = useRef<HTMLDivElement>(null);
  const seen = useRef<string[]>([]);
  useLayoutEffect(() => {
    const { current } = container;
    if (!current) return;
    const atEnd = isAtEnd(current);
    const stop = drawThought(current, seen.current, text);
    if (active && atEnd) current.scrollTop = current.scrollHeight;
    return stop;
  }, [text]);
  return <div id={id} className="thought-text" dir="auto" tabIndex={0} role="group" aria-label={words.thought} ref={container} />;
}

function labelOf({ active, seconds }: Thinking) {
  if (seconds === null) return active ? words.thinking : words.thought;
  return (active ? words.thinkingFor : words.thoughtFor)(durationOf(seconds));
}

/** Redraw the component once a second. */
function useTicks(active: boolean) {
  const [, tick] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(tick, TICK_MS);
    return () => clearInterval(timer);
  }, [active]);
}
