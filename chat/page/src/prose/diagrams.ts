/**
 * Draw Mermaid diagrams in a sandboxed frame of an origin of its own, which has neither the page's cookies nor its document
 * and may fetch nothing but its script. What comes back is shown as a picture: scripts in it do not run.
 */

export interface Drawing {
  address: string;
  width: number;
  height: number;
}

interface Answer {
  id: number;
  svg: string;
  width: number;
  height: number;
}

/** Milliseconds for the frame to load and to draw; a diagram that takes longer is shown as its source. */
const DRAWING_MS = 20_000;
/** Characters of a diagram's source; Mermaid's own bound. */
const MAX_SOURCE = 50_000;
/** Diagrams kept, so that a redrawn message shows its diagram at once. */
const MAX_KEPT = 50;

/** Mermaid's colours, in the page's tokens. */
const COLOURS = {
  background: "--raised",
  edgeLabelBackground: "--raised",
  primaryColor: "--tint",
  primaryBorderColor: "--accent",
  primaryTextColor: "--words",
  textColor: "--words",
  secondaryColor: "--sunk",
  tertiaryColor: "--sunk",
  lineColor: "--quiet",
  noteBkgColor: "--warn-tint",
  noteBorderColor: "--warn",
  noteTextColor: "--words",
  ...Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`pie${index + 1}`, `--chart-${index + 1}`])),
};
/** A token's value for both schemes. Mermaid computes with colours, so it gets the one that counts. */
const BOTH_SCHEMES = /light-dark\(\s*(#\w+)\s*,\s*(#\w+)\s*\)/;

const kept = new Map<string, Promise<Drawing | null>>();
let frame: Promise<HTMLIFrameElement> | null = null;
let count = 0;

/** Return the diagram as a picture, or null if it cannot be drawn. */
export function drawDiagram(source: string, dark: boolean): Promise<Drawing | null> {
  const key = `${dark} ${source}`;
  const drawing = kept.get(key) ?? request(source, dark).catch(() => null);
  kept.delete(key);
  kept.set(key, drawing);
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  return drawing;
}

async function request(source: string, dark: boolean): Promise<Drawing | null> {
  // A frame without an origin, as the admin's for an answer, may hold no other frame.
  if (source.length > MAX_SOURCE || self.origin === "null") return null;
  const { contentWindow } = await (frame ??= opened());
  if (!contentWindow) return null;
  const id = ++count;
  const answer = await answered<Answer>(contentWindow, (data) => data.id === id, () => contentWindow.postMessage({ id, source, dark, colours: coloursOf(dark) }, "*"));
  if (!answer.svg) return null;
  return { address: `data:image/svg+xml,${encodeURIComponent(answer.svg)}`, width: answer.width, height: answer.height };
}

function coloursOf(dark: boolean): Record<string, string | undefined> {
  const style = getComputedStyle(document.documentElement);
  const valueOf = (token: string) => BOTH_SCHEMES.exec(style.getPropertyValue(token))?.[dark ? 2 : 1];
  return Object.fromEntries(Object.entries(COLOURS).map(([name, token]) => [name, valueOf(token)]));
}

async function opened() {
  const element = document.createElement("iframe");
  element.setAttribute("sandbox", "allow-scripts");
  element.className = "diagram-frame";
  element.tabIndex = -1;
  element.ariaHidden = "true";
  element.title = "Mermaid";
  element.src = `${import.meta.env.BASE_URL}diagram`;
  document.body.append(element);
  const { contentWindow } = element;
  if (contentWindow) await answered(contentWindow, (data: { ready?: boolean }) => data.ready === true, () => undefined);
  return element;
}

/** Wait for a message of the frame. */
function answered<T>(from: Window, awaited: (data: T) => boolean, ask: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const done = (act: () => void) => {
      removeEventListener("message", hear);
      clearTimeout(timer);
      act();
    };
    const hear = ({ source, data }: MessageEvent<T>) => {
      if (source === from && awaited(data)) done(() => resolve(data));
    };
    const timer = setTimeout(() => done(() => reject(new Error("The diagram took too long."))), DRAWING_MS);
    addEventListener("message", hear);
    ask();
  });
}
