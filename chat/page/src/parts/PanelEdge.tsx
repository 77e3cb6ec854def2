/** The edge of the panel beside the chat: it is moved by the pointer or by arrow keys, and stays where it was put. */

import { recall, remember } from "@plain/js/storage.js";
import { useLayoutEffect, useState } from "react";
import { words } from "../words";

const STORED = "artifactWidth";
/** Percent of the window by which a key moves the edge. */
const STEP = 2;
/** Percent of the window between which the panel's width can be; the styles keep room for the chat besides. */
const [LEAST, MOST] = [20, 80];

/** Set the panel's width in percent of the window. Return the width that it has then. */
function resize(percent: number): number {
  document.documentElement.style.setProperty("--artifact-width", `${Math.min(MOST, Math.max(LEAST, percent))}vw`);
  return widthOf(document.getElementById("artifact"));
}

const widthOf = (panel: HTMLElement | null) => Math.round((100 * (panel?.offsetWidth ?? 0)) / innerWidth);

const isRightToLeft = () => document.documentElement.dir === "rtl";

export function PanelEdge() {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const stored = Number(recall(STORED));
    setWidth(stored ? resize(stored) : widthOf(document.getElementById("artifact")));
  }, []);

  const moveTo = (percent: number) => {
    const reached = resize(percent);
    setWidth(reached);
    remember(STORED, String(reached));
  };
  const pressed = (event: React.KeyboardEvent) => {
    const [wider, narrower] = isRightToLeft() ? ["ArrowRight", "ArrowLeft"] : ["ArrowLeft", "ArrowRight"];
    const target = { [wider!]: width + STEP, [narrower!]: width - STEP, Home: LEAST, End: MOST }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    moveTo(target);
  };
  const moved = (event: React.PointerEvent) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    moveTo((100 * (isRightToLeft() ? event.clientX : innerWidth - event.clientX)) / innerWidth);
  };
  return (
    <div
      className="panel-edge"
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={words.artifacts.width}
      aria-controls="artifact"
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      aria-valuenow={width}
      aria-valuetext={`${width} %`}
      onKeyDown={pressed}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={moved}
    />
  );
}
