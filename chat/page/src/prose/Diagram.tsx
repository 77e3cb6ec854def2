/** A Mermaid diagram, drawn by `diagramFrame.ts` and shown as a picture; until then, and where it fails, its source. */

import { type ReactNode, useEffect, useRef, useState } from "react";
import { words } from "../words";
import { type Drawing, drawDiagram } from "./diagrams";

/** Milliseconds without a change of the colours until a diagram is drawn anew. */
const THEME_DELAY_MS = 100;

export function Diagram({ source, fallback }: { source: string; fallback: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  const dark = useDark(place);
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  const [asSource, setAsSource] = useState(false);

  useEffect(() => {
    let left = false;
    if (dark !== null) void drawDiagram(source, dark).then((drawn) => left || setDrawing(drawn));
    return () => void (left = true);
  }, [source, dark]);

  return (
    <div ref={place} className="diagram" data-dark={dark || undefined}>
      {drawing && (
        <button type="button" className="code-button" aria-pressed={asSource} onClick={() => setAsSource(!asSource)}>
          {words.showSource}
        </button>
      )}
      {drawing && !asSource ? (
        <div className="diagram-picture" tabIndex={0} role="group" aria-label={words.diagram}>
          <img src={drawing.address} alt={words.diagramOf(source)} width={drawing.width} height={drawing.height} />
        </div>
      ) : (
        fallback
      )}
    </div>
  );
}

/** Return true where the text is light, so that a theme counts, however it was set; null before the first measurement. */
function useDark(place: React.RefObject<HTMLElement | null>) {
  const [dark, setDark] = useState<boolean | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const measure = () => place.current && setDark(isLight(getComputedStyle(place.current).color));
    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(measure, THEME_DELAY_MS);
    };
    measure();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const themed = new MutationObserver(soon);
    themed.observe(document.documentElement, { attributes: true });
    scheme.addEventListener("change", soon);
    return () => {
      clearTimeout(timer);
      themed.disconnect();
      scheme.removeEventListener("change", soon);
    };
  }, []);
  return dark;
}

function isLight(colour: string) {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return red * 0.3 + green * 0.6 + blue * 0.1 > 128;
}
