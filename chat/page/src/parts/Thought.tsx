/** The folded thought above an answer: its newest lines while the model thinks, all of it on request. */

import { durationOf, type Thinking, thoughtBlocks } from "@plain/js/thinking.js";
import { isAtEnd } from "@plain/js/thought.js";
import { useEffect, useId, useLayoutEffect, useMemo, useReducer, useRef, useState } from "react";
import { words } from "../words";
import { Icon } from "./Icon";
import { Prose } from "./Prose";

/** Milliseconds between two updates of the running time, which is shown in seconds. */
const TICK_MS = 1000;
/** Blocks drawn at once when a long thought is opened; the others follow, so that the page stays responsive. */
const BLOCKS_AT_ONCE = 4;

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
  const atEnd = useRef(true);
  const blocks = useMemo(() => thoughtBlocks(text), [text]);
  const [shown, setShown] = useState(BLOCKS_AT_ONCE);
  useEffect(() => {
    if (shown >= blocks.length) return;
    const timer = setTimeout(() => setShown(shown + BLOCKS_AT_ONCE));
    return () => clearTimeout(timer);
  }, [shown, blocks.length]);
  useLayoutEffect(() => {
    const { current } = container;
    if (current && active && atEnd.current) current.scrollTop = current.scrollHeight;
  }, [text]);
  const moved = ({ currentTarget }: React.UIEvent<HTMLElement>) => (atEnd.current = isAtEnd(currentTarget));
  return (
    <div id={id} className="thought-text" dir="auto" tabIndex={0} role="group" aria-label={words.thought} ref={container} onScroll={moved}>
      {blocks.slice(0, shown).map((block, index) => (
        <Prose key={index} text={block.text} running={active && index === blocks.length - 1} />
      ))}
    </div>
  );
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
