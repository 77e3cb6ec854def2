/** The script of the sandboxed frame that draws diagrams: it gets a source and answers with a picture. */

import address from "@mermaid-js/tiny/dist/mermaid.tiny.js?url";

interface Request {
  id: number;
  source: string;
  dark: boolean;
  colours: Record<string, string | undefined>;
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
/** Labels as text of the picture: HTML in a picture is not drawn by every browser. */
const PLAIN_LABELS = { htmlLabels: false, flowchart: { htmlLabels: false }, class: { htmlLabels: false } };

// One at a time: Mermaid keeps its state in the module.
let last: Promise<unknown> = Promise.resolve();

addEventListener("message", ({ source, data }: MessageEvent<Request>) => {
  if (source === parent) last = last.then(() => answer(data));
});

// The package is a script of the old kind, which sets a global name.
const script = document.createElement("script");
script.src = address;
script.onload = () => parent.postMessage({ ready: true }, "*");
document.head.append(script);

async function answer({ id, ...asked }: Request) {
  const drawn = await draw(`diagram-${id}`, asked).catch(() => ({ svg: "", width: 0, height: 0 }));
  document.body.replaceChildren();
  parent.postMessage({ id, ...drawn }, "*");
}

async function draw(name: string, { source, dark, colours }: Omit<Request, "id">) {
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    theme: "base",
    themeVariables: { darkMode: dark, ...colours },
    fontFamily: FONT,
    suppressErrorRendering: true,
    ...PLAIN_LABELS,
  });
  const { svg } = await mermaid.render(name, source);
  const root = new DOMParser().parseFromString(svg, "text/html").querySelector("svg");
  if (!root) throw new Error("Mermaid made no picture.");
  const { width, height } = root.viewBox.baseVal;
  root.setAttribute("width", String(width));
  root.setAttribute("height", String(height));
  root.removeAttribute("style");
  return { svg: new XMLSerializer().serializeToString(root), width: Math.ceil(width), height: Math.ceil(height) };
}
